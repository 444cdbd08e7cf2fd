/** What is kept of what a program says. */
import { describe, expect, test } from 'vitest'
import { programPort } from '../src/index.ts'
import { shellIn } from './machine.ts'

const say = async (script: string, timeout = 60_000) => {
  const { outcome, said } = await programPort(
    { via: 'program', argv: ['/bin/sh', '-c', script], env: {}, timeout },
    { dry: false, signal: new AbortController().signal, alert: shellIn('aaaaaaaaaaaa') },
  )
  return `${outcome}: ${said.length > 40 ? `${said.length} characters` : said}`
}

describe('a program', () => {
  test.each([
    ['its last words', 'echo first; echo last', 'done: first\nlast'],
    ['what fails says why', 'echo no >&2; exit 3', 'failed: exit code 3: no'],
    ['letters of several bytes, one by one', "printf '\\303'; sleep 0.1; printf '\\251'", 'done: é'],
    ['much output', 'head -c 100000 /dev/zero | tr "\\0" x', 'done: 2000 characters'],
    ['something left behind that keeps the pipe open', 'sleep 3 & echo started', 'done: started'],
  ])('%s', async (_, script, expected) => {
    expect(await say(script)).toBe(expected)
  })

  test('one that takes too long ends with all that it has started', async () => {
    expect(await say('echo begun; sleep 60 & sleep 60', 1000)).toMatch(/^undecided: it took too long and was killed/)
  })
})
