import { type AlertChange, AlertDiff, diffRules, type Effect, type RuleChange } from '@falc/authoring'
import type { Source } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { playFile } from '../testing/play-file.ts'

export const diff = defineCommand({
  name: 'diff',
  usage: 'BEFORE AFTER [-r PATH]… [-e CAPTURE]… [--audit LOG]…',
  summary: 'Compare two versions of rules: what changed, and which alerts come and go (docs/cli.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before both' },
    events: { short: 'e', value: 'CAPTURE', multiple: true, help: 'Compare the alerts for its events' },
    audit: { value: 'LOG', multiple: true, help: 'Compare the alerts for the events of an audit log' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
    json: { help: 'Print one JSON object' },
  },
  async run({ rules, events, audit, option, json }, paths) {
    const [before, after] = paths
    if (before === undefined || after === undefined || paths.length > 2)
      throw new CliError('diff needs two files or folders (see falc diff --help)')
    const options = engineOptions(loadConfig(undefined, ['rule_matching=all', ...option]))
    const sources = await loadSources()
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
    if (json) print(`${JSON.stringify({ rules: changes, events: alerts.events, alerts: come })}\n`)
    else {
      print(changes.length === 0 ? 'the rules are the same\n' : changes.map(ruleText).join(''))
      if (events.length + audit.length > 0) print(alertsText(alerts.events, come))
    }
    return 0
  },
})

const SIGNS = { added: '+', removed: '-', changed: '~' } as const
const EFFECTS: Readonly<Record<Effect, string>> = {
  same: 'matches the same events',
  fewer: 'matches fewer events',
  more: 'matches more events',
  other: 'matches other events',
}

function ruleText({ rule, kind, effect, checksGone, checksCome, lists, keys }: RuleChange): string {
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

function alertsText(events: number, changes: readonly AlertChange[]): string {
  const lines = [`\n${count(events, 'event')}: ${changes.length === 0 ? 'the same alerts' : 'alerts that come and go'}`]
  for (const { rule, before, after, gone, come } of changes) {
    lines.push(`  ${rule}: ${before} → ${after}`)
    for (const output of gone) lines.push(`    - ${output}`)
    for (const output of come) lines.push(`    + ${output}`)
  }
  return lines.map(line => `${line}\n`).join('')
}
