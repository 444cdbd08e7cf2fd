import { type AlertData, alerts, type Source } from '@falc/engine'
import {
  mayHoldSecrets,
  OptionError,
  type OptionPath,
  type OutputSettings,
  outputSchema,
  readOutput,
} from '@falc/outputs'
import { ConfigError, type ConfigPlace } from '../error.ts'
import { expand } from '../expand.ts'
import type { JsonSchema, Kind, Reading } from '../kind.ts'
import { type ConfigNode, texts } from '../tree.ts'

/** Keys of what Falco had under this name. */
const FORMER: readonly string[] = ['rate', 'max_burst']

/** Any field may be named while the sources are not known. */
const anyField = (): Source<AlertData> => alerts()

/** The list of outputs. Their options are read by the table of their type; places of problems are found by their paths. */
export const outputList: Kind<readonly OutputSettings[]> = {
  get schema() {
    return { type: 'array', items: outputSchema() as JsonSchema } as const
  },
  read(node, at) {
    if (node.kind === 'map' && [...node.entries.keys()].every(name => FORMER.includes(name))) {
      at.warn(
        'outputs is a list of outputs; the rate limit was removed in Falco 0.37; use outputs_queue.capacity',
        node.place,
      )
      return undefined
    }
    if (node.kind !== 'list') throw new ConfigError('outputs must be a list of outputs', node.place)
    const names = new Set<string>()
    return node.items.map((item, i) => {
      const output = readItem(item, { ...at, path: `${at.path}[${i}]` })
      if (names.has(output.name)) throw new ConfigError(`two outputs are named ${output.name}`, item.place)
      names.add(output.name)
      return output
    })
  },
}

function readItem(node: ConfigNode, at: Reading): OutputSettings {
  const item = texts(node, ({ text }) => expand(text, at.env))
  try {
    return readOutput(item, {
      path: [],
      source: at.alerts ?? anyField,
      warn: (path, reason) => at.warn(`${at.path}: ${reason}`, placeOf(node, path, true)),
    })
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new ConfigError(`${at.path}: ${error.message}`, placeOf(node, error.path, false), !mayHoldSecrets(item))
  }
}

/** The place of the value or its key; if it is missing, of the surrounding map. */
function placeOf(node: ConfigNode, path: OptionPath, ofKey: boolean): ConfigPlace {
  const [step, ...rest] = path
  if (step === undefined) return node.place
  if (node.kind === 'list')
    return typeof step === 'number' && node.items[step] ? placeOf(node.items[step], rest, ofKey) : node.place
  const entry = node.kind === 'map' ? node.entries.get(String(step)) : undefined
  if (!entry) return node.place
  return ofKey && rest.length === 0 ? entry.key : placeOf(entry.value, rest, ofKey)
}
