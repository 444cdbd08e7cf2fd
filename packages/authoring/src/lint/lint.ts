import { CODES, Engine, type Place, type Problem, type RulesFile, type Source } from '@falc/engine'
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
 * places, each once.
 */
export function lint(files: readonly RulesFile[], { sources, before = [], staticFields }: LintOptions): Finding[] {
  const engine = new Engine({ sources, ...(staticFields && { staticFields }) })
  const analysis = engine.analyse([...before, ...files])
  const project = projectOf(engine, analysis)
  const problems = [...analysis.result.errors, ...analysis.result.warnings]
  const findings = problems.map(findingOf)
  for (const { code, severity, run } of CHECKS)
    for (const found of run(project)) findings.push({ code, severity, ...found })
  const names = files.map(({ name }) => name)
  const known = new Set([...CHECKS.map(({ code }) => code), ...Object.keys(CODES), SUPPRESSION])
  const read = analysis.files.slice(before.length)
  const own = findings.filter(({ place }) => names.includes(place.file))
  return inOrder(once(applySuppressions(own, read, known)), names)
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
