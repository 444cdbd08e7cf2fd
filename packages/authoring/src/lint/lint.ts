import { CODES, Engine, type Place, type Problem, type RulesFile, type Source } from '@falc/engine'
import { type Analysis, unusedIn } from '@falc/engine/analysis'
import type { RulesText } from '../document/embedded.ts'
import type { Finding } from './check.ts'
import { CHECKS } from './list.ts'
import { projectOf } from './project.ts'
import { applySuppressions, SUPPRESSION } from './suppressions.ts'

export interface LintOptions {
  readonly sources: readonly Source[]
  /** Further files that the checked ones build upon, loaded before them; nothing is reported in them. */
  readonly before?: readonly RulesFile[]
  readonly staticFields?: Readonly<Record<string, string>>
}

/**
 * Checks rules files, in the order of loading: what the loader finds, then what the checks find. Findings are in the order of files and
 * places, each once. There are no fixes for texts whose places are not places of their file.
 */
export function lint(
  files: readonly (RulesFile & Pick<RulesText, 'isValue'>)[],
  { sources, before = [], staticFields }: LintOptions,
): Finding[] {
  const engine = new Engine({ sources, ...(staticFields && { staticFields }) })
  const steps = lintSteps(engine, engine.analyse(files, before.length > 0 ? engine.foundation(before) : undefined))
  const values = new Set(files.flatMap(({ name, isValue }) => (isValue ? [name] : [])))
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value.map(one => (values.has(one.place.file) ? { ...one, fix: undefined } : one))
  }
}

/** As `lint`, in steps: after each, a program may turn to what is more urgent, or drop what is out of date. */
export function* lintSteps(engine: Engine, analysis: Analysis): Generator<undefined, Finding[]> {
  const findings = problemsOf(analysis)
  yield
  const project = projectOf(engine, analysis)
  for (const { code, severity, run } of CHECKS) {
    for (const found of run(project)) findings.push({ code, severity, ...found })
    yield
  }
  const names = analysis.files.map(({ source }) => source.name)
  const known = new Set([...CHECKS.map(({ code }) => code), ...Object.keys(CODES), SUPPRESSION])
  const own = findings.filter(({ place }) => names.includes(place.file))
  return inOrder(once(applySuppressions(own, analysis.files, known)), names)
}

/** What the loader has found. It warns of what no file up to the item's own uses; here, a later file may use it. */
export function problemsOf({ result, resolution }: Analysis): Finding[] {
  const unused = new Set(resolution ? unusedIn(resolution).map(itemOf) : [])
  const holds = (one: Problem) => !one.code.startsWith('LOAD_UNUSED_') || unused.has(itemOf(one))
  return [...result.errors, ...result.warnings.filter(holds)].map(findingOf)
}

function itemOf({ code, locations }: Problem): string {
  return `${code} ${locations.at(-1)!.item_name}`
}

function findingOf({ code, severity, message, locations }: Problem): Finding {
  const { position, length } = locations.at(-1)!
  const { name: file, ...rest } = position
  return { code, severity, message, place: { file, ...rest, length } }
}

function once(findings: readonly Finding[]): Finding[] {
  const key = ({ code, message, place }: Finding) => `${code} ${place.file} ${place.offset} ${message}`
  return [...new Map(findings.map(one => [key(one), one])).values()]
}

function inOrder(findings: readonly Finding[], files: readonly string[]): Finding[] {
  const rank = ({ file }: Place) => files.indexOf(file)
  return findings.toSorted(
    (a, b) =>
      rank(a.place) - rank(b.place) ||
      a.place.offset - b.place.offset ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  )
}
