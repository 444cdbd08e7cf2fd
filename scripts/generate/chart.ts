/** values.schema.json of the chart, derived from values.yaml. No other keys are allowed; a map or list that is empty there may hold anything. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument } from 'yaml'

const CHART = resolve(import.meta.dirname, '../../deploy/kubernetes')

export function valuesSchema(): string {
  const { contents } = parseDocument(readFileSync(`${CHART}/values.yaml`, 'utf8'))
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of falc', ...schemaOf(contents!) }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function schemaOf(node: Node): Record<string, unknown> {
  if (isSeq(node)) return { type: 'array' }
  if (isScalar(node)) return { type: typeof node.value === 'number' ? 'integer' : typeof node.value }
  if (!isMap(node)) throw new Error('values.yaml: an alias')
  if (node.items.length === 0) return { type: 'object' }
  const properties = node.items.map(pair => [String(pair.key), described(pair as Pair<Node, Node>)] as const)
  // Helm adds `global` to the values of every chart.
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) }
}

function described({ key, value }: Pair<Node, Node>): Record<string, unknown> {
  const text = key.commentBefore
    ?.split('\n')
    .map(line => line.trim())
    .join(' ')
  return { ...(text && { description: text }), ...schemaOf(value!) }
}
