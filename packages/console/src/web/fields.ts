/** The lists of fields and rules, fetched once; again, if that fails. */
import { signal } from '@preact/signals'
import type { Fields, Rules } from '../shapes/index.ts'
import { ask } from './api.ts'
import { quoted } from './url.ts'

type Field = Fields['fields'][number]

const known = signal<ReadonlyMap<string, Field> | undefined>(undefined)
let isAsked = false

/** undefined: not known, or not yet. */
export function fieldOf(name: string): Field | undefined {
  if (!isAsked) {
    isAsked = true
    void ask<Fields>('fields').then(
      ({ fields }) => {
        known.value = new Map(fields.map(field => [field.name, field]))
      },
      () => {
        // The next one that needs them asks again.
        isAsked = false
      },
    )
  }
  return known.value?.get(name) ?? known.value?.get(name.replace(/\[.*$/, ''))
}

const OWN = ['alert.rule', 'alert.priority', 'alert.source', 'alert.hostname', 'alert.tags']

/** A field in a condition; names that the console may not know are written as text of the alert. */
export function fieldName(name: string): string {
  if (OWN.includes(name)) return name
  return /^[\w.]+$/.test(name) ? `alert.field[${name}]` : `alert.field[${quoted(name)}]`
}

const ruleNames = signal<ReadonlySet<string> | undefined>(undefined)
let areRulesAsked = false

/** Whether the console's files contain a rule, so that it can explain why the rule fired. Not known at first: no. */
export function isInFile(rule: string): boolean {
  if (!areRulesAsked) {
    areRulesAsked = true
    // Of no time: without hits, the answer has the rules of the files only.
    void ask<Rules>('rules', { since: new Date().toISOString() }).then(
      ({ rules }) => {
        ruleNames.value = new Set(rules.flatMap(({ name, loaded }) => (loaded ? [name] : [])))
      },
      () => {
        areRulesAsked = false
      },
    )
  }
  return ruleNames.value?.has(rule) ?? false
}
