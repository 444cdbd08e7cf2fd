import { fieldsOf, walk } from '../condition/walk.ts'
import type { FieldTable } from '../fields/table.ts'
import type { Finding } from '../rules/finding.ts'
import type { ResolvedRule } from '../rules/rule.ts'
import { DEPRECATED_FIELDS } from '../rules/warnings.ts'

/** Warnings for fields that the source marks as deprecated. The loader warns of those that Falco deprecates. */
export function deprecatedFields(rule: ResolvedRule, table: FieldTable): Finding[] {
  const warnings = new Map<string, Finding>()
  walk(rule.condition, node => {
    if (node.kind !== 'check') return
    for (const { name, span } of fieldsOf(node)) {
      if (warnings.has(name) || DEPRECATED_FIELDS.includes(name) || !table.lookup(name)?.def.deprecated) continue
      warnings.set(name, {
        code: 'LOAD_DEPRECATED_ITEM',
        message: `usage of deprecated field '${name}' has been detected in the rule condition`,
        part: 'condition',
        deprecatedField: name,
        ...(span && { span }),
        ...(node.place && { place: node.place }),
      })
    }
  })
  return [...warnings.values()]
}
