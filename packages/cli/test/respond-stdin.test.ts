/** Alerts on the standard input of `falc respond`, which may come from any program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Log } from '../src/log.ts'
import { linesOf, readStdin } from '../src/respond/inputs.ts'
import { startFalc } from './process.ts'

const ALERT = '{"rule":"Shell","priority":"Notice","output":"x","time":"2026-11-24T10:00:00Z","output_fields":{}}'

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

test.each([
  ['may span several chunks', ['a', 'b\nc', '\n'], ['ab', 'c']],
  ['may be empty, and none follows the last newline', ['\n\na\n'], ['', '', 'a']],
  ['need no newline at the end', ['a\nb'], ['a', 'b']],
  ['may have the greatest length', ['1234\n5678'], ['1234', '5678']],
  [
    'are undefined when too long, in one chunk or many',
    ['12345\na\n123', '4', '5', '678\nb\n12345'],
    [undefined, 'a', undefined, 'b', undefined],
  ],
])('lines %s', async (_, given, lines) => {
  const read: (string | undefined)[] = []
  for await (const line of linesOf(pieces(...given), 4)) read.push(line)
  expect(read).toEqual(lines)
})

test('an alert that cannot be recorded is refused with a warning', async () => {
  const refused: string[] = []
  const log = { warning: (text: string) => refused.push(text) } as unknown as Log
  const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([Buffer.from(`${ALERT}\n`)]) as never)
  onTestFinished(() => stdin.mockRestore())
  const full = async () => ({ acted: 0, held: 0, busy: true })
  expect(await readStdin(full, log, new AbortController().signal)).toBe(1)
  expect(refused).toEqual(['standard input: Shell: it could not be recorded what is to be done, so it was not done'])
})

test('a line longer than 1 MiB is refused, and the next one is read', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-respond-stdin-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(
    join(dir, 'playbooks.yaml'),
    '- playbook: Tell\n  when: alert.rule = Shell\n  mode: enforce\n  steps: [{ notify: { output: stdout, template: "%proc.name" } }]\n',
  )
  const falc = startFalc(['respond', '-f', 'playbooks.yaml', '--folder', 'j'], dir)
  onTestFinished(() => void falc.child.kill('SIGKILL'))
  const alert = (name: string, filling = '') =>
    JSON.stringify({
      rule: 'Shell',
      priority: 'Notice',
      output: filling,
      time: new Date(),
      output_fields: { 'proc.name': name },
    })
  falc.child.stdin.write(`${alert('too-long', 'x'.repeat(1024 * 1024))}\n${alert('short')}\n`)
  await falc.sees('standard input: a line is longer than 1 MiB')
  await falc.sees('short')
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(1)
  expect(falc.output.stdout).not.toContain('too-long')
})
