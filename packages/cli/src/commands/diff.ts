import {
  type AlertChange,
  AlertDiff,
  diffRules,
  type Effect,
  KeptAlerts,
  type RuleChange,
  testable,
} from '@falc/authoring'
import { isoTime, type Source } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { openStore, storeFailure } from '../history/open.ts'
import { printable } from '../printable.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { playFile } from '../testing/play-file.ts'

export const diff = defineCommand({
  name: 'diff',
  usage: 'BEFORE AFTER [-r PATH]… [-e CAPTURE]… [--audit LOG]… [--alerts STORE]…',
  summary: 'Compare two versions of rules: what changed, and which alerts come and go (docs/cli.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before both' },
    events: { short: 'e', value: 'CAPTURE', multiple: true, help: 'Compare the alerts for its events' },
    audit: { value: 'LOG', multiple: true, help: 'Compare the alerts for the events of an audit log' },
    alerts: {
      value: 'STORE',
      multiple: true,
      help: 'Show which alerts in a store (falc alerts) would no longer be raised',
    },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
    json: { help: 'Print one JSON object' },
  },
  async run({ rules, events, audit, alerts: stores, option, json }, paths) {
    const [before, after] = paths
    if (before === undefined || after === undefined || paths.length > 2)
      throw new CliError('diff needs two files or folders (see falc diff --help)')
    const options = engineOptions(loadConfig(undefined, ['rule_matching=all', ...option]))
    const plain = await loadSources()
    // Alerts of a store are events by their fields; captures are faster without.
    const sources = stores.length > 0 ? plain.map(testable) : plain
    const load = (path: string) => {
      const files = readRules([...rules, path])
      const { engine } = loadEngine(options, { sources }, files)
      return { engine, compiled: engine.analyse(files).rules }
    }
    const [old, now] = [load(before), load(after)]
    const types = new Map(sources.map(({ name, eventTypes }) => [name, eventTypes]))
    const changes = diffRules(old.compiled, now.compiled, types)
    const alerts = new AlertDiff(old.engine, now.engine)
    const byName = new Map<string, Source>(sources.map(source => [source.name, source]))
    for (const path of [...events, ...audit])
      await playFile(path)((source, event) => alerts.see(byName.get(source)!, event))
    const come = alerts.changes()
    const kept = new KeptAlerts(old.compiled, now.compiled, types)
    for (const path of stores) await readStore(path, kept)
    if (json) {
      const store = stores.length > 0 && { store: { alerts: kept.seen, foreign: kept.foreign, rules: kept.changes() } }
      print(`${jsonText({ rules: changes, events: alerts.events, alerts: come, ...store })}\n`)
    } else {
      print(changes.length === 0 ? 'the rules are the same\n' : changes.map(ruleText).join(''))
      if (events.length + audit.length > 0) print(alertsText(alerts.events, come))
      if (stores.length > 0) print(keptText(kept))
    }
    return 0
  },
})

/** Shows the alerts of a store, the oldest first. @throws {CliError} */
async function readStore(path: string, kept: KeptAlerts): Promise<void> {
  const store = await openStore(path)
  try {
    for (const { alert } of store.search({}, { oldest: true })) kept.see(alert)
  } catch (error) {
    throw storeFailure(error, path)
  } finally {
    store.close()
  }
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one))
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const
const EFFECTS: Readonly<Record<Effect, string>> = {
  same: 'matches the same events',
  fewer: 'matches fewer events',
  more: 'matches more events',
  other: 'matches other events',
}

export function ruleText({ rule, kind, effect, checksGone, checksCome, lists, keys }: RuleChange): string {
  const lines = [`${SIGNS[kind]} ${rule}${effect ? `: ${EFFECTS[effect]}` : ''}`]
  for (const check of checksGone) lines.push(`    - ${check}`)
  for (const check of checksCome) lines.push(`    + ${check}`)
  for (const { check, gone, come } of lists) {
    const items = [...gone.map(item => `- ${item}`), ...come.map(item => `+ ${item}`)]
    lines.push(`    ${check}: ${items.join('  ')}`)
  }
  for (const { key, before, after } of keys)
    lines.push(`    ${key}: ${before}`, `    ${' '.repeat(key.length)}→ ${after}`)
  return lines.map(line => `${line}\n`).join('')
}

function keptText(kept: KeptAlerts): string {
  const changes = kept.changes()
  const foreign = kept.foreign === 0 ? '' : `, ${kept.foreign} of them by rules that are not in the old version`
  const lines = [
    `\n${count(kept.seen, 'stored alert')}${foreign}: ${changes.length === 0 ? 'all stay' : 'not all stay'}`,
  ]
  for (const { rule, stays, goes, open, gone, needed } of changes) {
    lines.push(`  ${rule}: ${stays} stay, ${goes} go${open === 0 ? '' : `, ${open} may go`}`)
    for (const alert of gone) lines.push(`    - ${isoTime(alert.time)} ${printable(alert.message)}`)
    if (needed.length > 0) lines.push(`    their outputs do not print ${needed.join(', ')}`)
  }
  return lines.map(line => `${line}\n`).join('')
}

function alertsText(events: number, changes: readonly AlertChange[]): string {
  const lines = [`\n${count(events, 'event')}: ${changes.length === 0 ? 'the same alerts' : 'alerts that come and go'}`]
  for (const { rule, before, after, gone, come } of changes) {
    lines.push(`  ${rule}: ${before} → ${after}`)
    for (const output of gone) lines.push(`    - ${output}`)
    for (const output of come) lines.push(`    + ${output}`)
  }
  return lines.map(line => `${line}\n`).join('')
}
