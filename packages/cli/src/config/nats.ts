import { NATS_CONNECTION, OptionError, type OptionsOf, type OptionTable, readOptions, schemaOf } from '@falc/outputs'
import { ConfigError } from './error.ts'
import { expand } from './expand.ts'
import type { JsonSchema, Kind } from './kind.ts'
import { texts } from './tree.ts'

/** A map with the options of a NATS connection, as an output has them, and others. */
function natsOptions<const T extends OptionTable>(table: T): Kind<OptionsOf<T>> {
  return {
    schema: schemaOf(table) as JsonSchema,
    read(node, at) {
      const values = texts(node, ({ text }) => expand(text, at.env))
      if (node.kind !== 'map') throw new ConfigError(`${at.path} must be a map`, node.place)
      try {
        const reading = {
          path: [],
          source: () => {
            throw new Error('no option of a connection is a condition')
          },
          warn: (_: unknown, reason: string) => at.warn(`${at.path}: ${reason}`, node.place),
        }
        return readOptions(table, values as Record<string, unknown>, reading) as OptionsOf<T>
      } catch (error) {
        if (!(error instanceof OptionError)) throw error
        // The line may hold a password.
        throw new ConfigError(`${at.path}: ${error.message}`, node.place, false)
      }
    },
  }
}

/** How to reach NATS. */
export const natsConnection = natsOptions(NATS_CONNECTION)

/** The stream of other programs' alerts. */
export const natsAlerts = natsOptions({
  ...NATS_CONNECTION,
  stream: { kind: 'text', default: 'FALCO', doc: 'The stream.' },
  durable: {
    kind: 'text',
    default: 'console',
    doc: 'The durable consumer: consoles that share one share its alerts.',
  },
})

const { url: _, ...LOGIN } = NATS_CONNECTION

/** The bucket to which a collector writes pods. */
export const natsBucket = natsOptions({
  ...NATS_CONNECTION,
  bucket: { kind: 'text', default: 'falc-metadata', doc: 'The key-value bucket.' },
  replicas: {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 5,
    doc: 'How many servers hold a bucket that does not exist yet.',
  },
})

/** How audit events come from NATS, or go there. */
export const natsStream = natsOptions({
  url: {
    kind: 'list',
    doc: 'Addresses of the servers of a cluster, instead of the one that `open_params` or `publish` names.',
  },
  ...LOGIN,
  durable: { kind: 'text', doc: 'The durable consumer, whose workers share the batches. Default: `falc`.' },
  max_deliveries: {
    kind: 'integer',
    default: 5,
    min: 1,
    doc: 'A batch that was given to workers more often, without an acknowledgement, goes to the dead letters.',
  },
  max_bytes: {
    kind: 'bytes',
    default: 8 * 1024 ** 3,
    doc: 'Size of a stream that does not exist yet. A full one takes no more: the API server keeps what does not fit.',
  },
  replicas: {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 5,
    doc: 'How many servers hold a stream that does not exist yet.',
  },
})
