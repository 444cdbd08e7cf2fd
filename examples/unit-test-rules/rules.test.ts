import { readFileSync } from 'node:fs'
import { RuleTester } from '@falc/engine'
import { afterAll, describe, expect, test } from 'vitest'
import { processes, start } from './process.ts'

const content = readFileSync(new URL('rules.yaml', import.meta.url), 'utf8')
const rules = new RuleTester({ files: [{ name: 'rules.yaml', content }], source: processes })

describe('Shell started by a web server', () => {
  const rule = 'Shell started by a web server'
  test('fires for any shell under nginx or httpd', () => {
    for (const name of ['sh', 'bash', 'zsh']) rules.expectAlert(rule, start({ name, parent: 'nginx' }))
    const alert = rules.expectAlert(rule, start({ name: 'sh', cmdline: 'sh -c id', parent: 'httpd', user: 'www' }))
    expect(alert.message).toBe('Shell under a web server (command=sh -c id parent=httpd user=www)')
    expect(alert.priority).toBe('Critical')
  })
  test('does not fire under other parents, for other programs, or for the health check', () => {
    rules.expectNoAlert(
      rule,
      start({ name: 'bash', parent: 'sshd' }),
      start({ name: 'gzip', parent: 'nginx' }),
      start({ name: 'sh', cmdline: 'sh -c /usr/local/bin/healthy --fast', parent: 'nginx' }),
    )
  })
})

describe('Root at a terminal', () => {
  test('fires for a shell of root with a terminal', () => {
    for (const name of ['sh', 'bash', 'zsh'])
      rules.expectAlert('Root at a terminal', start({ name, user: 'root', tty: 1 }))
  })
  test('does not fire for another user, another program, or a script', () => {
    rules.expectNone(
      start({ user: 'ada', tty: 34816 }),
      start({ name: 'vi', user: 'root', tty: 34816 }),
      start({ user: 'root' }),
    )
  })
})

afterAll(() => {
  // Every check, list item, exception and bound decides some test: if one is removed or changed, a test fails.
  expect(rules.coverage.untested()).toEqual([])
})
