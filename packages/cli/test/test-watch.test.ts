/** falc test in the long run, and in several processes. */
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

const RULE = '- { rule: R, desc: d, condition: evt.type = open, output: o, priority: INFO }\n'

test('falc test --watch waits for a test file that is taken away, and runs it when it is back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'r.test.yaml')
  const one = { name: 'nothing', event: { 'evt.type': 'execve' }, expect: {} }
  writeFileSync(join(folder, 'r.yaml'), RULE)
  writeFileSync(path, JSON.stringify({ rules: 'r.yaml', tests: [one] }))
  const falc = startFalc(['test', '--watch', 'r.test.yaml'], folder)
  onTestFinished(() => void falc.child.kill())
  await falc.sees('1 test, all passed')
  rmSync(path)
  await falc.sees('Could not read test file r.test.yaml: it does not exist')
  writeFileSync(path, JSON.stringify({ rules: 'r.yaml', tests: [one, one] }))
  await falc.sees('2 tests, all passed')
})

test('processes of falc test report results of any length', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-jobs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const tests = Array.from({ length: 2000 }, (_, i) => ({
    name: `${i} ${'x'.repeat(500)}`,
    event: { 'evt.type': 'execve' },
    expect: {},
  }))
  writeFileSync(join(folder, 'r.yaml'), RULE)
  for (const name of ['a', 'b'])
    writeFileSync(join(folder, `${name}.test.yaml`), JSON.stringify({ rules: 'r.yaml', tests }))
  const { exit, output } = startFalc(['test', '--jobs', '2', '.'], folder)
  expect([await exit, output.stderr]).toEqual([0, ''])
  expect(output.stdout).toMatch(/^4000 tests, all passed$/m)
})
