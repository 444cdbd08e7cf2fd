import { type Engine, explanationText, type LoadedRule } from '@falc/engine'
import { explainDemand } from '@falc/sources-syscall'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { demandText } from '../listing/demand.ts'
import { printable } from '../printable.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { findRule } from '../rules/find-rule.ts'
import { engineOptions } from '../rules/options.ts'
import { configPath } from '../run/loader.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import type { Feed } from '../sources/feed.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'
import { loadSources } from '../sources/load.ts'
import { runFeed } from '../testing/play-file.ts'

export const explain = defineCommand({
  name: 'explain',
  usage: '-r PATH… (--rule NAME --event FILE [--num N] | --demand) [--json]',
  summary: 'Show why a rule did or did not match an event: each check with its value and its line',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules file or folder, in order' },
    rule: { value: 'NAME', help: 'The rule to explain' },
    event: { value: 'FILE', multiple: true, help: 'Audit events (JSON) or, for a rule of system calls, a capture' },
    num: { value: 'N', help: 'Only the event of this number, from 1 (a capture: evt.num)' },
    demand: {
      help: 'Show which state and events the rules make a replay of system calls keep and read, and which rule does',
    },
    json: { help: 'Print one JSON object for each event' },
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  },
  async run({ rules, rule: name, event, num, demand, json, config, option }) {
    if (rules.length === 0 || (!demand && (name === undefined || event.length === 0))) {
      throw new CliError(
        'explain needs -r PATH and --demand, or --rule NAME and --event FILE (see falc explain --help)',
      )
    }
    const options = engineOptions(loadConfig(configPath(config), option))
    const { engine, report } = loadEngine(options, { sources: await loadSources() }, readRules(rules))
    if (demand) {
      const found = explainDemand(engine.ruleUses('syscall'), engine.unmatched('syscall'))
      print(json ? `${JSON.stringify(found)}\n` : demandText(found))
      return 0
    }
    const rule = findRule(report.rules, name!, rules.join(', '))
    if (num === undefined && rule.source === 'syscall')
      throw new CliError('a capture has many events: choose one with --num N (falc print shows the numbers)')
    let explained = 0
    for (const file of event) explained += await explainFile(engine, rule, file, number(num), json)
    if (explained === 0)
      throw new CliError(
        num === undefined ? `no events in ${event.join(', ')}` : `no event ${num} in ${event.join(', ')}`,
      )
    return 0
  },
})

/** Returns how many events were explained. */
async function explainFile(
  engine: Engine,
  rule: LoadedRule,
  file: string,
  num: number | undefined,
  json: boolean,
): Promise<number> {
  const feed = await openFeed(rule.source, file)
  const enough = new AbortController()
  let seen = 0
  let explained = 0
  const event = (event: { num?: number }) => {
    seen++
    if (enough.signal.aborted || (num !== undefined && num !== (event.num ?? seen))) return
    explained++
    if (num !== undefined) enough.abort()
    const explanation = engine.explain(rule.source, event, rule.name)
    if (json)
      print(`${JSON.stringify(explanation, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`)
    else
      print(
        `${explained > 1 ? '\n' : ''}${file}, event ${event.num ?? seen}\n${explanationText(printableTexts(explanation))}`,
      )
  }
  await runFeed(feed, { event, pause: () => undefined }, enough.signal)
  return explained
}

/** Values come from processes and requests: each stays on its line. */
function printableTexts<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T
  if (Array.isArray(value)) return value.map(printableTexts) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printableTexts(inner)])) as T
}

async function openFeed(source: string, file: string): Promise<Feed> {
  if (source === 'syscall') return captureFeed(file)
  return k8sAuditFeed({ from: file, warn: text => process.stderr.write(`${printable(text)}\n`) })
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d*$/.test(text)) throw new CliError(`--num needs a whole number from 1, not "${text}"`)
  return Number(text)
}
