import { type MappedText, MappedTextBuilder } from '../text/mapped.ts'
import type { Problem } from '../text/problem.ts'
import type { Context } from './context.ts'
import type { Origins } from './expression.ts'
import type { Finding } from './finding.ts'
import { deprecatedInOutput } from './warnings.ts'

const CONTAINER_INFO = '%container.info'

/** A rule's effective output template, and warnings about it. */
export interface OutputText {
  readonly text: MappedText
  readonly warnings: readonly Finding[]
}

/** Removes what Falco drops from an output. */
export function outputOf(written: MappedText): OutputText {
  const warnings: Finding[] = []
  const text = withoutContainerInfo(written, warnings)
  for (const field of deprecatedInOutput(text.text)) {
    const offset = text.text.indexOf(field)
    const message = `usage of deprecated field '${field}' has been detected in the rule output`
    const span = { offset, line: 1, column: offset + 1, length: field.length }
    warnings.push({ code: 'LOAD_DEPRECATED_ITEM', part: 'output', message, span, deprecatedField: field })
  }
  return { text, warnings }
}

function withoutContainerInfo(written: MappedText, warnings: Finding[]): MappedText {
  let at = written.text.indexOf(CONTAINER_INFO)
  if (at < 0) return written
  warnings.push({
    code: 'LOAD_DEPRECATED_ITEM',
    part: 'output',
    message:
      '%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will automatically add required fields to the output message.',
    place: written.place(at, CONTAINER_INFO.length),
  })
  const builder = new MappedTextBuilder()
  let copied = 0
  for (; at >= 0; at = written.text.indexOf(CONTAINER_INFO, copied)) {
    builder.add(written, copied, at)
    copied = at + CONTAINER_INFO.length
  }
  return builder.add(written, copied).build()
}

/** A problem with an output template, at its place in the file. */
export function outputProblem(rule: Context, text: MappedText, finding: Finding, origins: Origins): Problem {
  const { code, message, span, deprecatedField } = finding
  const place = finding.place ?? text.place(span?.offset ?? 0, span?.length ?? text.text.length)
  const context = rule.part('rule output', '', origins.file(place.file) ?? rule.source, place)
  return context.problem(code, message, deprecatedField)
}
