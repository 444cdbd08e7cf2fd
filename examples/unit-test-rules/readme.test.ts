import { readFileSync } from 'node:fs'
import { RuleTester } from '@falc/engine'
import { expect, test } from 'vitest'
import { processes, start } from './process.ts'

const text = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

test('a failure reads as the README shows', () => {
  const rules = new RuleTester({ files: [{ name: 'rules.yaml', content: text('rules.yaml') }], source: processes })
  let message = ''
  try {
    rules.expectAlert('Root at a terminal', start({ user: 'root' }))
  } catch (error) {
    message = (error as Error).message
  }
  expect(text('README.md')).toContain(message)
})
