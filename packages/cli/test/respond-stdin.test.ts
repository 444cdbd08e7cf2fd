/** Alerts on the standard input of `falc respond`, which may come from anything. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { linesOf } from '../src/respond/inputs.ts'
import { startFalc } from './process.ts'

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

test.each([
  ['over several pieces', ['a', 'b\nc', '\n'], ['ab', 'c']],
  ['empty ones, and none at the end', ['\n\na\n'], ['', '', 'a']],
  ['without an end', ['a\nb'], ['a', 'b']],
  ['as long as they may be', ['1234\n5678'], ['1234', '5678']],
  [
    'too long, in one piece or many',
    ['12345\na\n123', '4', '5', '678\nb\n12345'],
    [undefined, 'a', undefined, 'b', undefined],
  ],
])('lines %s', async (_, given, lines) => {
  const read: (string | undefined)[] = []
  for await (const line of linesOf(pieces(...given), 4)) read.push(line)
  expect(read).toEqual(lines)
})

test('a line without end is refused, and the next one is read', async () => {
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
