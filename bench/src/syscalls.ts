/**
 * System calls: events per CPU second of a capture that is uncompressed and repeated, without rules (block walk, decoding,
 * state), with one rules file and with several, and with ten times the rules.
 *
 *   node bench/src/syscalls.ts CAPTURE RULES[,RULES…] … [--events N]
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { Engine, type RulesFile } from '@falc/engine'
import { openCapture, syscall } from '@falc/sources-syscall'

const EVENT_BLOCKS = new Set([0x204, 0x208, 0x216, 0x217, 0x221, 0x222])

/** A copy of the capture with its events repeated until there are at least `least`; the number of events. */
export function repeatCapture(capture: string, to: string, least: number): number {
  const raw = readFileSync(capture)
  const bytes = raw[0] === 0x1f ? gunzipSync(raw) : raw
  let at = 0
  let first = 0
  let events = 0
  while (at + 8 <= bytes.length) {
    if (EVENT_BLOCKS.has(bytes.readUInt32LE(at))) {
      if (first === 0) first = at
      events++
    }
    at += bytes.readUInt32LE(at + 4)
  }
  const times = Math.ceil(least / events)
  const fd = openSync(to, 'w')
  writeSync(fd, bytes.subarray(0, at))
  for (let i = 1; i < times; i++) writeSync(fd, bytes.subarray(first, at))
  closeSync(fd)
  return events * times
}

const read = (paths: string): RulesFile[] =>
  paths
    .split(',')
    .filter(Boolean)
    .map(path => ({ name: basename(path), content: readFileSync(path, 'utf8') }))

/** The same rules again under other names; macros and lists stay as they are. */
function copies(files: readonly RulesFile[], times: number): RulesFile[] {
  const extra: RulesFile[] = []
  for (let i = 1; i < times; i++)
    for (const { name, content } of files) {
      const rules = content.split(/\n(?=- )/).filter(item => item.startsWith('- rule:'))
      extra.push({
        name: `${i}-${name}`,
        content: rules.map(rule => rule.replace(/^- rule: (.*)$/m, `- rule: $1 (${i})`)).join('\n'),
      })
    }
  return [...files, ...extra]
}

export interface Run {
  readonly events: number
  readonly alerts: number
  readonly seconds: number
  readonly rules: number
}

/** Replays the whole file; CPU seconds of the replay alone, loading not counted. */
export async function replay(
  path: string,
  files: readonly RulesFile[],
  matching: 'first' | 'all' = 'first',
): Promise<Run> {
  const source = syscall()
  const engine = new Engine({
    sources: [source],
    plugins: [{ name: 'container', version: '0.7.1' }],
    ruleMatching: matching,
  })
  const report = engine.load(files)
  if (!report.ok) throw new Error(report.errors[0]!.message)
  const types = engine.wantedTypes(source)
  const wanted = types === 'all' ? undefined : [...types.keys()].filter(type => types[type] === 1)
  const before = process.cpuUsage()
  const capture = await openCapture(path, { wanted: wanted! })
  let events = 0
  let alerts = 0
  do {
    while (capture.next()) {
      events++
      alerts += engine.evaluate(source, capture.event).length
    }
  } while (await capture.fill())
  const { user, system } = process.cpuUsage(before)
  return { events, alerts, seconds: (user + system) / 1e6, rules: report.rules.filter(r => r.enabled).length }
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { events: { type: 'string', default: '5000000' } },
  })
  const [capture, ...sets] = positionals
  const work = mkdtempSync(join(tmpdir(), 'falc-bench-'))
  try {
    const path = join(work, 'repeated.scap')
    const events = repeatCapture(capture!, path, Number(values.events))
    const print = (what: string, run: Run) =>
      console.log(
        `  ${what.padEnd(40)} ${(events / run.seconds / 1e6).toFixed(2).padStart(7)} M/s  ${run.rules} rules, ${run.alerts} alerts, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
      )
    console.log(`${events} events`)
    print('no rules', await replay(path, []))
    for (const set of sets) {
      print(
        set
          .split(',')
          .map(p => basename(p))
          .join(' '),
        await replay(path, read(set)),
      )
      print('  the rules ten times', await replay(path, copies(read(set), 10)))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
