import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startFalc } from './process.ts'

test('falc test --watch runs again when rules change, and not when something else is written beside them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const rule = (program: string) =>
    `- rule: R\n  desc: d\n  condition: evt.type = execve and proc.name = ${program}\n  output: o\n  priority: INFO\n`
  write('r.yaml', rule('sh'))
  write(
    'r.test.yaml',
    'rules: r.yaml\ntests:\n  - { name: a shell, event: { evt.type: execve, proc.name: sh }, expect: { R: 1 } }\n',
  )
  const falc = startFalc(['test', '--watch', '.'], folder)
  onTestFinished(() => void falc.child.kill())
  await falc.sees('1 test, all passed')
  write('notes.txt', 'not a rule')
  // A run because of it would have begun by then.
  await sleep(1000)
  write('next', rule('bash'))
  renameSync(join(folder, 'next'), join(folder, 'r.yaml'))
  await falc.sees('1 test, 1 failed')
  expect(falc.output.stdout.match(/^\d+ tests?, /gm)).toHaveLength(2)
})
