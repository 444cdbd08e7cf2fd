import type { AlertData, Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import type { Flags, FlagValues } from '../flags.ts'
import type { Log } from '../log.ts'

export const RESPOND_FLAGS = {
  config: { short: 'c', value: 'FILE', help: 'Configuration: `response`, and the outputs that playbooks tell' },
  option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  file: { short: 'f', value: 'PATH', multiple: true, help: 'Playbooks, instead of `response.playbooks`' },
  folder: { value: 'FOLDER', help: 'The journal, and the file that stops everything. Default: `response.folder`' },
  nats: { value: 'URL', help: 'Take alerts from a JetStream stream; responders of one durable consumer share them' },
  stream: { value: 'NAME', help: 'With --nats: the stream. Default: FALCO' },
  durable: { value: 'NAME', help: 'With --nats: the durable consumer. Default: respond' },
  listen: { value: 'HOST:PORT', help: "Take alerts by HTTP, as Falco's http_output sends them" },
  metrics: { value: 'HOST:PORT', help: 'With --nats: serve /metrics and /healthz there' },
  'token-file': { value: 'FILE', help: 'With --listen: bearer tokens, one per line' },
  db: { value: 'FILE', help: 'With simulate: the store. Default: that of the configuration' },
  since: { value: 'TIME', help: 'With simulate: only alerts from this time on, or 7d before now' },
  'service-account': { value: 'NAMESPACE:NAME', help: 'With rbac: bind the roles to this account, too' },
  json: { help: 'With history and simulate: JSON lines' },
} as const satisfies Flags

export interface RespondCall {
  readonly flags: FlagValues<typeof RESPOND_FLAGS>
  readonly config: Config
  readonly source: Source<AlertData>
  readonly log: Log
  /** After the verb. */
  readonly rest: readonly string[]
}
