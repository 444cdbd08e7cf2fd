/** What is kept of the output of a program. */
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
    ['that prints several lines', 'echo first; echo last', 'done: first\nlast'],
    ['that fails', 'echo no >&2; exit 3', 'failed: exit code 3: no'],
    ['that prints a character byte by byte', "printf '\\303'; sleep 0.1; printf '\\251'", 'done: é'],
    ['that prints a long output', 'head -c 100000 /dev/zero | tr "\\0" x', 'done: 2000 characters'],
    ['that leaves a process behind, which keeps the pipe open', 'sleep 100 & echo started', 'done: started'],
  ])('%s: its output is reported', async (_, script, expected) => {
    expect(await say(script)).toBe(expected)
  })

  test('that takes too long is killed, and its outcome is undecided', async () => {
    expect(await say('echo begun; sleep 60 & sleep 60', 1000)).toMatch(/^undecided: it took too long and was killed/)
  })
})
