import { type Alert, type Engine, explanationText, type Source } from '@falc/engine'
import { CliError } from '../fail.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import type { Feed } from '../sources/feed.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'
import type { RuleTest } from './test-file.ts'

/** Alerts of one rule that are shown when there are too many. */
const SHOWN = 3

/** Runs a test; returns what is wrong, nothing when it holds. @throws {CliError} when its events cannot be read */
export async function runTest(test: RuleTest, engine: Engine, sources: ReadonlyMap<string, Source>): Promise<string[]> {
  const counts = new Map<string, number>()
  const shown = new Map<string, string[]>()
  const audit: unknown[] = []
  let seen = 0
  const unreadable: string[] = []
  const see = (source: Source, event: unknown) => {
    seen++
    const refused = source.check?.(event)
    if (refused !== undefined) {
      unreadable.push(`event ${seen} cannot be tested: ${refused}`)
      return
    }
    for (const alert of engine.evaluate(source, event)) {
      counts.set(alert.rule, (counts.get(alert.rule) ?? 0) + 1)
      keep(shown, alert)
    }
  }
  if (typeof test.events === 'string') {
    const feed = await openFeed(test.events)
    const source = sources.get(feed.source)!
    await feed.run({ event: event => see(source, event), pause: () => undefined }, new AbortController().signal)
  } else {
    for (const event of test.events) see(sources.get('k8s_audit')!, event)
    audit.push(...test.events)
  }
  const problems = [...new Set([...test.expect.keys(), ...counts.keys()])].flatMap(rule => {
    const wanted = test.expect.get(rule) ?? 0
    const count = counts.get(rule) ?? 0
    if (wanted === 'some' ? count > 0 : count === wanted) return []
    const problem = `${rule}: ${count === 1 ? '1 alert' : `${count} alerts`}, expected ${wanted === 0 ? 'none' : wanted}`
    const why = wanted === 'some' || count < wanted ? nearest(rule, engine, audit) : (shown.get(rule) ?? []).join('\n')
    return [why === '' ? problem : `${problem}\n${indent(why)}`]
  })
  return [...unreadable.slice(0, SHOWN), ...problems]
}

async function openFeed(path: string): Promise<Feed> {
  if (/\.scap(\.gz)?$/.test(path)) return captureFeed(path)
  return k8sAuditFeed({
    from: path,
    warn: text => {
      throw new CliError(text)
    },
  })
}

function keep(shown: Map<string, string[]>, { rule, output }: Alert): void {
  const outputs = shown.get(rule) ?? []
  if (outputs.length < SHOWN) outputs.push(output)
  shown.set(rule, outputs)
}

/** What the rule made of the event that came nearest. */
function nearest(rule: string, engine: Engine, events: readonly unknown[]): string {
  const explanations = events.map(event => engine.explain('k8s_audit', event, rule)).filter(one => !one.alerts)
  if (explanations.length === 0) return ''
  const distance = (one: (typeof explanations)[number]) => one.nearestMiss?.changes.length ?? 0
  return explanationText(explanations.reduce((best, one) => (distance(one) < distance(best) ? one : best))).trimEnd()
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}
