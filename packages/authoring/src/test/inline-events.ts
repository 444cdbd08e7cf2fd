import { auditEvent } from './audit-template.ts'
import { FieldEvent } from './field-event.ts'
import type { RuleTest, See } from './rule-test.ts'

type Part = Readonly<Record<string, unknown>>

/** Reads the audit events in a JSON text. @throws {Error} when it has none */
type ParseAudit = (json: string) => readonly unknown[]

/** Events as a test file's `event` gives them: by their fields, or whole audit events as in a log. @throws {Error} of `parse` */
export function playEvents(parts: readonly Part[], parse: ParseAudit): RuleTest['play'] {
  return inOrder(
    parts.flatMap((part): Parameters<See>[] => {
      const names = Object.keys(part)
      if (names.length > 0 && names.every(name => name.includes('.')))
        return [[names.some(name => /^(ka|jevt)\./.test(name)) ? 'k8s_audit' : 'syscall', new FieldEvent(part)]]
      return parse(JSON.stringify(part)).map(event => ['k8s_audit', event])
    }),
  )
}

/** Events as a test file's `audit` gives them: the part that matters, see `auditEvent`. @throws {Error} of `parse` */
export function playAudit(parts: readonly Part[], parse: ParseAudit): RuleTest['play'] {
  return inOrder(
    parts
      .flatMap(part => parse(JSON.stringify(auditEvent(part))))
      .map((event): Parameters<See> => ['k8s_audit', event]),
  )
}

const inOrder =
  (events: readonly Parameters<See>[]): RuleTest['play'] =>
  see => {
    for (const [source, event] of events) see(source, event)
  }
