/** Where events come from, as Falco's plugin configuration names it in `open_params`. */
export type OpenParams =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdin' }
  | {
      readonly kind: 'webhook'
      readonly tls: boolean
      readonly host: string
      readonly port: number
      readonly path: string
    }
  | ({ readonly kind: 'nats' } & NatsParams)

/** Where batches of audit events are on a NATS server. */
export interface NatsParams {
  /** `nats://host:port` or `tls://host:port` */
  readonly server: string
  readonly stream: string
  /** Below the stream's name. */
  readonly subject: string | undefined
}

const URL_FORM =
  /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):\/\/(?<host>\[[^\]]*\]|[^:/]*)(?::(?<port>\d+))?(?<path>\/[^?#]*)?$/

/**
 * Reads Falco's forms `http://:9765/k8s-audit`, `https://host:port/path` (host and port may be missing: all addresses,
 * 9765; so may the path: /k8s-audit) and a path of a file or directory; besides, `-` is standard input, and
 * `nats://host:port/STREAM/SUBJECT` or `tls://…` a stream of NATS (without a path: K8S_AUDIT, and all of it).
 * @throws {TypeError} for any other scheme, or a malformed URL.
 */
export function parseOpenParams(text: string): OpenParams {
  const params = text.trim()
  if (params === '')
    throw new TypeError('open_params is empty: it names a file, or http(s)://host:port/path to listen at')
  if (params === '-') return { kind: 'stdin' }
  if (!params.includes('://')) return { kind: 'file', path: params }
  const parts = URL_FORM.exec(params)?.groups
  if (!parts) throw new TypeError(`open_params ${JSON.stringify(params)} is not of the form http(s)://host:port/path`)
  const scheme = parts.scheme!.toLowerCase()
  if (scheme === 'file') return { kind: 'file', path: parts.path ?? '/' }
  if (scheme === 'nats' || scheme === 'tls') return natsParams(scheme, parts, params)
  if (scheme !== 'http' && scheme !== 'https')
    throw new TypeError(`open_params ${JSON.stringify(params)}: scheme "${scheme}" is not supported`)
  const port = Number(parts.port ?? 9765)
  if (port > 65535) throw new TypeError(`open_params ${JSON.stringify(params)}: port ${port} is out of range`)
  const host = parts.host!.replace(/^\[|\]$/g, '')
  return { kind: 'webhook', tls: scheme === 'https', host, port, path: parts.path ?? '/k8s-audit' }
}

/** Names of a stream and tokens of a subject: nothing that means something else to the server. */
const TOKEN = /^[A-Za-z0-9_-]{1,100}$/

function natsParams(scheme: string, parts: Record<string, string>, params: string): OpenParams {
  const [stream = 'K8S_AUDIT', ...tokens] = (parts.path ?? '').split('/').filter(token => token !== '')
  if (parts.host === '' || ![stream, ...tokens].every(token => TOKEN.test(token)))
    throw new TypeError(
      `open_params ${JSON.stringify(params)} is not of the form ${scheme}://host:port/STREAM/SUBJECT, in letters, digits, _ and -`,
    )
  const server = `${scheme}://${parts.host}:${parts.port ?? 4222}`
  return { kind: 'nats', server, stream, subject: tokens.length > 0 ? tokens.join('.') : undefined }
}
