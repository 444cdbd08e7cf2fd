import { type Finding, lintSteps, problemsOf, type RulesText, rulesTexts } from '@falc/authoring'
import { Engine, type Source } from '@falc/engine'
import type { Foundation } from '@falc/engine/analysis'
import type { Check, Found, Port } from './messages.ts'

/** The foundation of a check, kept for the next one. */
interface Kept {
  readonly uris: readonly string[]
  readonly texts: readonly string[]
  readonly foundation: Foundation
}

/** As many as files of different folders are usually edited at a time. */
const MAX_KEPT = 4

/** Browsers have no setImmediate. */
const soon: (callback: () => void) => unknown = globalThis.setImmediate ?? setTimeout

/**
 * Loads and lints rules, file by file: what a file builds upon is analysed when it changes, not when the file does. It runs on its own
 * thread, so that it delays no other request of the editor.
 */
export function serveAnalyses(port: Port<Found, Check>, sources: readonly Source[]): void {
  const engine = new Engine({ sources })
  const texts = new Map<string, string>()
  const waiting = new Map<string, Check>()
  let kept: readonly Kept[] = []
  let working = false

  port.on('message', check => {
    for (const [uri, text] of check.texts) {
      if (text === null) texts.delete(uri)
      else texts.set(uri, text)
    }
    waiting.delete(check.uri)
    waiting.set(check.uri, check)
    if (!working) void work()
  })

  async function work(): Promise<void> {
    working = true
    for (let [next] = waiting.values(); next; [next] = waiting.values()) {
      waiting.delete(next.uri)
      const { id, uri } = next
      try {
        await run(next)
      } catch (error) {
        port.postMessage({ id, uri, stage: 'failed', findings: [], reason: String((error as Error).stack ?? error) })
      }
    }
    working = false
  }

  async function run({ id, uri, before, lint }: Check): Promise<void> {
    const text = texts.get(uri)
    if (text === undefined) return
    const parts = rulesTexts(uri, text)
    const analysis = engine.analyse(parts, foundationOf(before))
    const load = problemsOf(analysis)
    port.postMessage({ id, uri, stage: lint ? 'load' : 'lint', findings: inText(load, parts) })
    if (!lint) return
    const steps = lintSteps(engine, analysis)
    for (;;) {
      // Messages come in between the steps.
      await new Promise<void>(resolve => soon(resolve))
      if (waiting.has(uri)) return
      const { done, value } = steps.next()
      if (done) return port.postMessage({ id, uri, stage: 'lint', findings: inText(value, parts) })
    }
  }

  function foundationOf(uris: readonly string[]): Foundation | undefined {
    if (uris.length === 0) return undefined
    const now = uris.map(uri => texts.get(uri) ?? '')
    const same = (a: readonly string[], b: readonly string[]) =>
      a.length === b.length && a.every((one, i) => one === b[i])
    const known = kept.find(one => same(one.uris, uris) && same(one.texts, now))
    const foundation = known?.foundation ?? engine.foundation(uris.flatMap((uri, i) => rulesTexts(uri, now[i]!)))
    const others = kept.filter(one => one !== known && !same(one.uris, uris))
    kept = [{ uris, texts: now, foundation }, ...others].slice(0, MAX_KEPT)
    return foundation
  }
}

/** The findings of a file. Of what was found in a quoted text inside it, the place in the file is not known. */
function inText(findings: readonly Finding[], parts: readonly RulesText[]): Finding[] {
  const names = new Set(parts.flatMap(({ name, isValue }) => (isValue ? [] : [name])))
  return findings.filter(({ place }) => names.has(place.file))
}
