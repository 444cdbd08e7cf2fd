/** `falc respond`: alerts on its standard input, which may come from any program, and people's answers to steps that wait. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Journal } from '@falc/response'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Log } from '../src/log.ts'
import { answer } from '../src/playbooks/approve.ts'
import type { RespondCall } from '../src/playbooks/call.ts'
import { linesOf, readStdin } from '../src/respond/inputs.ts'
import { startFalc } from './process.ts'

vi.mock('node:os', async importOriginal => {
  const os = await importOriginal<typeof import('node:os')>()
  const userInfo = () => {
    throw new Error('uv_os_get_passwd returned ENOENT (no such file or directory)')
  }
  return { ...os, userInfo }
})

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

test('a user without a name, as in a container, approves a step under the number', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-respond-approve-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const journal = await Journal.open(dir)
  const about = { run: 'a1b2', playbook: 'p', step: 1, action: 'stop_container' }
  const alert = { id: 'a', rule: 'Shell', time: '', output: '' }
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  journal.append({ kind: 'waiting', ...about, alert, plan: ['stop container web'], expires, full: ALERT })
  await journal.close()
  const call = { config: { response: { folder: dir } }, flags: {}, rest: ['a1'] } as unknown as RespondCall
  expect(answer(call, 'approved')).toBe(0)
  expect(readFileSync(join(dir, 'approve', 'a1b2'), 'utf8')).toBe(`approved\nuser ${process.getuid!()}`)
})
