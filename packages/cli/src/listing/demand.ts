import type { DemandReport } from '@falc/sources-syscall'
import { count } from '../count.ts'

/** Rules named for each field and event type; the rest are counted. */
const NAMED = 2

/** The report of `falc explain --demand` as text. */
export function demandText({ parts, types, classes }: DemandReport): string {
  const lines: string[] = []
  for (const { part, kept, readers, neededBy } of parts) {
    lines.push(kept ? `${part}: kept` : `${part}: not kept, since no rule reads it`)
    for (const { field, conditions, outputs } of readers)
      lines.push(`   ${field}: ${[...named('condition', conditions), ...named('output', outputs)].join('; ')}`)
    if (kept && neededBy.length > 0) lines.push(`   needed for ${neededBy.join(', ')}`)
  }
  for (const [treatment, title] of TITLES) {
    const own = types.filter(type => type.treatment === treatment)
    const names = [...new Set(own.map(({ type }) => type))]
    lines.push(`\n${title}: ${count(names.length, 'event type')}`)
    if (treatment !== 'matched') {
      if (names.length > 0) lines.push(`   ${names.join(' ')}`)
      continue
    }
    for (const name of names) {
      const rules = own.filter(({ type }) => type === name).flatMap(one => one.rules)
      lines.push(`   ${name}: ${short([...new Set(rules)])}`)
    }
  }
  if (classes.length > 0) lines.push('\nPassed over all the same, and counted with the rest')
  for (const { class: name, types, texts, rules } of classes) {
    const unless = [
      ...(texts.length > 0 ? [`unless the path has ${texts.join(' or ')}`] : []),
      ...(rules.length > 0 ? [`read for ${short(rules)}, where its thread or call can match`] : []),
    ]
    lines.push(`   ${CLASSES[name] ?? name}: ${[types.join(' ') || 'none', ...unless].join('; ')}`)
  }
  return `${lines.join('\n')}\n`
}

const CLASSES: Readonly<Record<string, string>> = {
  failedOpens: 'opens that failed and could not have made a file',
  fileReads: 'opens of files for reading',
  directoryReads: 'opens of directories',
}

const TITLES = [
  ['matched', 'Read, because rules may match'],
  ['state', 'Read, because they change what is kept'],
  ['checked', 'Passed over, unless the header leaves open whether they change what is kept'],
  ['skipped', 'Passed over'],
] as const

function named(what: string, rules: readonly string[]): string[] {
  return rules.length === 0 ? [] : [`${what} of ${short(rules)}`]
}

function short(rules: readonly string[]): string {
  const rest = rules.length - NAMED
  return `${rules.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${count(rest, 'other')}` : ''}`
}
