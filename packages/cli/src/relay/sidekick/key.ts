/** How a key of falcosidekick's configuration is translated. */
import { PRIORITIES, type Priority, parsePriority } from '@falc/engine'

/** A value of falcosidekick's configuration. Lists are comma-separated texts. */
export type SidekickValue = string | Readonly<Record<string, string>>

/** Options of an output, as under `outputs:` in falco.yaml. */
export type Options = Readonly<Record<string, unknown>>

/** The context in which a key's value is translated. */
export interface SidekickContext {
  /** Another value by its full key, lower case: `aws.region`. Empty when it is not set. */
  text(key: string): string
  /** Another map by its full key. */
  map(key: string): Readonly<Record<string, string>>
  /** Writes a private file. @returns its path */
  file(name: string, content: string | Buffer): string
}

export type Verdict = 'same' | 'better' | 'no effect'

/** A key of an output. */
export interface SidekickKey {
  readonly verdict: Verdict
  /** Names of the options that it becomes. */
  readonly to: readonly string[]
  /** The difference, and its reason. */
  readonly note?: string
  /** Default: the value, under `to`. */
  readonly set?: (value: SidekickValue, context: SidekickContext) => Options
}

export interface SidekickOutput {
  /** Its section: `slack`, `aws.sqs`. */
  readonly section: string
  /** It is on when these are not empty. */
  readonly main: readonly string[]
  /** Our type. */
  readonly type: string
  readonly keys: Readonly<Record<string, SidekickKey>>
  /** falcosidekick's defaults, where ours differ. */
  readonly defaults?: (context: SidekickContext) => Options
  /** General improvements. */
  readonly note?: string
}

/** @param to the option that takes the value as it is */
export const same = (to: string, set?: SidekickKey['set'], note?: string): SidekickKey => ({
  verdict: 'same',
  to: to.split(' '),
  ...(set && { set }),
  ...(note !== undefined && { note }),
})

export const better = (to: string, note: string, set?: SidekickKey['set']): SidekickKey => ({
  verdict: 'better',
  to: to === '' ? [] : to.split(' '),
  note,
  ...(set && { set }),
})

export const none = (note: string): SidekickKey => ({ verdict: 'no effect', to: [], note, set: () => ({}) })

export const yes = (value: SidekickValue) => /^(?:true|t|1)$/i.test(String(value))
export const no = (value: SidekickValue) => /^(?:false|f|0)$/i.test(String(value))

/** What every output has. */
export const COMMON_KEYS: Readonly<Record<string, SidekickKey>> = {
  minimumpriority: same('minimum_priority', value => ({ minimum_priority: priorityOf(String(value)) })),
}

const ANY_PRIORITY = new RegExp(PRIORITIES.join('|'), 'i')

/** As in falcosidekick, the first name in the text; a text without one sets nothing. */
function priorityOf(text: string): Priority | undefined {
  return parsePriority(ANY_PRIORITY.exec(text)?.[0] ?? '')
}

const mutualTls: SidekickKey['set'] = (value, context) => {
  if (!yes(value)) return {}
  const folder = context.text('mutualtlsfilespath') || '/etc/certs'
  return {
    tls_cert: context.text('mutualtlsclient.certfile') || `${folder}/client.crt`,
    tls_key: context.text('mutualtlsclient.keyfile') || `${folder}/client.key`,
    tls_ca: context.text('mutualtlsclient.cacertfile') || `${folder}/ca.crt`,
    tls_insecure: false,
  }
}

/** What every output with TLS has. `mutualtls` comes last: it takes precedence over `checkcert`. */
export const TLS_KEYS: Readonly<Record<string, SidekickKey>> = {
  checkcert: same('tls_insecure', value => ({ tls_insecure: !yes(value) })),
  mutualtls: same('tls_cert tls_key tls_ca', mutualTls),
}

export const ONE_CONNECTION = none('All requests share one connection, and the alerts of an output stay in order.')
export const HEADERS = same('headers')

export const HTTP: Readonly<Record<string, SidekickKey>> = {
  ...COMMON_KEYS,
  ...TLS_KEYS,
  maxconcurrentrequests: ONE_CONNECTION,
}
export const ENDPOINT = {
  ...HTTP,
  customheaders: HEADERS,
  maxconcurrentrequests: same('requests', value => ({ requests: Math.min(64, Math.max(1, Number(value) || 64)) })),
}

export const url =
  (fallback = 'http') =>
  (value: SidekickValue): Options => ({ url: withScheme(String(value), fallback) })

export function withScheme(text: string, scheme: string): string {
  return /^\w+:\/\//.test(text) ? text : `${scheme}://${text}`
}

/** A key that another one reads. */
export const PART_OF_URL = same('url', () => ({}))

/** Options from other keys, those that are set. */
export function whenSet(context: SidekickContext, keys: Readonly<Record<string, string>>): Options {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([option, key]) => (context.text(key) === '' ? [] : [[option, context.text(key)]])),
  )
}

/** `a, b` as a list. */
export function list(value: SidekickValue): string[] {
  return String(value)
    .split(',')
    .map(item => item.trim())
    .filter(Boolean)
}

/** `a:b,c:d` as a map. */
export function pairs(value: SidekickValue, separator = ':'): Record<string, string> {
  if (typeof value !== 'string') return value
  return Object.fromEntries(
    list(value).map(item => {
      const at = item.indexOf(separator)
      return at < 0 ? [item, ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()]
    }),
  )
}
