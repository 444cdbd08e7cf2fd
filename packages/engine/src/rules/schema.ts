import { validate } from './rule-schema.gen.ts'
import type { YamlNode, YamlScalar } from './yaml.ts'

/** Maximum number of schema warnings per file. */
const MAX_WARNINGS = 20

export interface SchemaResult {
  /** `none`: nothing to validate. */
  readonly schema: 'ok' | 'failed' | 'none'
  readonly warnings: readonly string[]
}

interface SchemaError {
  readonly instancePath: string
  readonly message?: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Validates a file's documents against the rule schema. The schema is stricter than the loader, and its warnings are never fatal. */
export function checkSchema(documents: readonly (YamlNode | undefined)[]): SchemaResult {
  const warnings: string[] = []
  let checked = 0
  for (const document of documents) {
    if (document === undefined || (document.kind === 'scalar' && document.isNull)) continue
    checked++
    const check = validate as ((data: unknown) => boolean) & { errors?: readonly SchemaError[] | null }
    if (!check(toJS(document)))
      for (const error of (check.errors ?? []).slice(0, MAX_WARNINGS)) warnings.push(words(error))
  }
  return {
    schema: checked === 0 ? 'none' : warnings.length > 0 ? 'failed' : 'ok',
    warnings: warnings.slice(0, MAX_WARNINGS),
  }
}

function words({ instancePath, message, params }: SchemaError): string {
  const extra = params.additionalProperty ?? params.allowedValues
  return `${instancePath === '' ? '/' : instancePath}: ${message ?? 'is not valid'}${extra === undefined ? '' : ` (${String(extra)})`}`
}

function toJS(node: YamlNode): unknown {
  if (node.kind === 'seq') return node.items.filter(item => !(item.kind === 'scalar' && item.isNull)).map(toJS)
  if (node.kind === 'map') {
    const object: Record<string, unknown> = Object.create(null)
    for (const { key, value } of node.entries.values()) object[key] = toJS(value)
    return object
  }
  return scalarValue(node)
}

/** The value of a scalar; the form of a plain one decides its type. */
function scalarValue({ text, style, isNull }: YamlScalar): unknown {
  if (isNull) return null
  if (style !== 'plain') return text
  if (/^(?:true|false|yes|no|on|off)$/i.test(text)) return /^(?:true|yes|on)$/i.test(text)
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : text
}
