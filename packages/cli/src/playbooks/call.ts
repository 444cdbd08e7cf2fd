import type { AlertData, Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import type { Flags, FlagValues } from '../flags.ts'
import type { Log } from '../log.ts'

export const RESPOND_FLAGS = {
  config: { short: 'c', value: 'FILE', help: 'Configuration: `response`, and the outputs that playbooks notify' },
  option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
  file: { short: 'f', value: 'PATH', multiple: true, help: 'Playbooks, instead of `response.playbooks`' },
  folder: {
    value: 'FOLDER',
    help: 'Folder of the journal and of the file that stops all playbooks. Default: `response.folder`',
  },
  nats: {
    value: 'URL',
    help: 'Receive alerts from a JetStream stream; responders with the same durable consumer share them',
  },
  stream: { value: 'NAME', help: 'With --nats: the stream. Default: FALCO' },
  durable: { value: 'NAME', help: 'With --nats: the durable consumer. Default: respond' },
  listen: { value: 'HOST:PORT', help: "Receive alerts over HTTP, as Falco's http_output sends them" },
  metrics: { value: 'HOST:PORT', help: 'With --nats: serve /metrics and /healthz there' },
  'token-file': { value: 'FILE', help: 'With --listen: bearer tokens, one per line' },
  db: { value: 'FILE', help: 'With simulate: the store. Default: that of the configuration' },
  since: { value: 'TIME', help: 'With simulate: only alerts since this time, such as 7d (ago)' },
  'service-account': { value: 'NAMESPACE:NAME', help: 'With rbac: also bind the roles to this account' },
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
