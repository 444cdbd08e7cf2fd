/** falc diff --alerts: which stored alerts a change to the rules would remove. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { Store } from '@falc/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFalc } from './process.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-diff-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const rules = (condition: string) => `- rule: Hashes Read
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow${condition}
  output: Hashes read (command=%proc.cmdline)
  priority: WARNING
`
const alert = (n: number, command: string, rule = 'Hashes Read'): AlertData => ({
  ...{ id: String(n).padStart(32, '0'), rule, priority: 'Warning', source: 'syscall', tags: [] },
  ...{ time: 1_795_514_400_000_000_000n + BigInt(n), output: command, message: `Hashes read (command=${command})` },
  output_fields: { 'proc.cmdline': command },
})

beforeAll(async () => {
  const store = await Store.open(join(dir, 'alerts.db'))
  store.insert([
    alert(1, 'cat /etc/shadow'),
    alert(2, '\u001b[2Jvim'),
    alert(3, 'backup --all'),
    alert(4, 'x', 'Other'),
  ])
  store.close()
  writeFileSync(join(dir, 'a.yaml'), rules(''))
  writeFileSync(
    join(dir, 'b.yaml'),
    rules(' and not proc.cmdline startswith cat and not (proc.cmdline contains backup and proc.pname = cron)'),
  )
  writeFileSync(join(dir, 'c.yaml'), rules(' or fd.name = /etc/gshadow'))
})

async function diff(...args: string[]) {
  const falc = startFalc(['diff', ...args], dir)
  falc.child.stdin.end()
  expect(await falc.exit).toBe(0)
  return falc.output.stdout.replace(/^.*\n\n/s, '')
}

test('a narrower condition: alerts that stay, go or may go, and the number of those by other rules', async () => {
  expect(await diff('a.yaml', 'b.yaml', '--alerts', 'alerts.db')).toBe(
    `4 stored alerts, 1 of them by rules that are not in the old version: not all stay
  Hashes Read: 1 stay, 1 go, 1 may go
    - 2026-11-24T10:00:00.000000001Z Hashes read (command=cat /etc/shadow)
    their outputs do not print proc.pname
`,
  )
})

test('a wider condition: all stored alerts stay', async () => {
  expect(await diff('a.yaml', 'c.yaml', '--alerts', 'alerts.db')).toBe(
    '4 stored alerts, 1 of them by rules that are not in the old version: all stay\n',
  )
})
