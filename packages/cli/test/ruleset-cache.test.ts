import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const capture = join(root, 'examples/captures/host-a.scap')
const RULE = `
- list: never_used
  items: [a]
- rule: Shadow read
  desc: d
  condition: evt.type in (open, openat) and fd.name = /etc/shadow
  output: "%proc.name read %fd.name"
  priority: WARNING
`

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'falc-home-'))
  writeFileSync(join(home, 'rules.yaml'), RULE)
})
afterEach(() => rmSync(home, { recursive: true }))

/** The built command: what runs from its sources keeps nothing. */
function falc(...flags: string[]): { alerts: string; log: string } {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'falc'),
    ['run', '-v', '-r', 'rules.yaml', '-e', capture, ...flags],
    { cwd: home, env: { PATH: process.env.PATH, HOME: home, TZ: 'UTC' }, encoding: 'utf8' },
  )
  expect(status, stderr).toBe(0)
  return { alerts: stdout, log: stderr.replace(/^.*? 2\d{3}: /gm, '') }
}

const folder = () => join(home, '.cache/falc/rulesets')
const kept = () => readdirSync(folder()).sort()

describe('rulesets that were compiled before', { timeout: 60_000 }, () => {
  test('give the same alerts, warnings and report', () => {
    const first = falc()
    expect(first.alerts).toContain('read /etc/shadow')
    expect(first.log).toContain('LOAD_UNUSED_LIST')
    expect(kept()).toHaveLength(1)
    expect(falc()).toEqual(first)
    expect(kept()).toHaveLength(1)
    expect(falc('--no-cache')).toEqual(first)
    expect(falc('--backend', 'vm')).toEqual(first)
  })

  test('are not those of other rules or settings', () => {
    falc()
    writeFileSync(join(home, 'rules.yaml'), RULE.replace('read %fd.name', 'opened %fd.name'))
    expect(falc().alerts).toContain('opened /etc/shadow')
    expect(falc('-o', 'priority=error').alerts).toBe('')
    expect(falc('-o', 'append_output[]={"extra_output": "X"}').alerts).toContain('X')
    expect(kept()).toHaveLength(4)
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['damaged', bytes => bytes.fill(0x7b, 100, 101)],
    ['cut short', bytes => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => Buffer.alloc(0)],
  ])('that are %s are compiled anew', (_, spoil) => {
    const first = falc()
    const path = join(folder(), kept()[0]!)
    const sound = readFileSync(path)
    writeFileSync(path, spoil(Buffer.from(sound)))
    expect(falc()).toEqual(first)
    expect(readFileSync(path).equals(sound)).toBe(true)
  })

  test('are neither kept nor used where others can write', () => {
    mkdirSync(join(home, '.cache'))
    chmodSync(join(home, '.cache'), 0o777)
    falc()
    expect(readdirSync(join(home, '.cache'))).toEqual([])
  })

  test('are not kept with --no-cache', () => {
    falc('--no-cache')
    expect(() => kept()).toThrow('ENOENT')
  })
})
