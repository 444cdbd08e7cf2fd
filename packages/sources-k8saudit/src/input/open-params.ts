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

const URL_FORM =
  /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):\/\/(?<host>\[[^\]]*\]|[^:/]*)(?::(?<port>\d+))?(?<path>\/[^?#]*)?$/

/**
 * Reads Falco's forms `http://:9765/k8s-audit`, `https://host:port/path` (host and port may be missing: all addresses,
 * 9765; so may the path: /k8s-audit) and a path of a file or directory; besides, `-` is standard input.
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
  if (scheme !== 'http' && scheme !== 'https')
    throw new TypeError(`open_params ${JSON.stringify(params)}: scheme "${scheme}" is not supported`)
  const port = Number(parts.port ?? 9765)
  if (port > 65535) throw new TypeError(`open_params ${JSON.stringify(params)}: port ${port} is out of range`)
  const host = parts.host!.replace(/^\[|\]$/g, '')
  return { kind: 'webhook', tls: scheme === 'https', host, port, path: parts.path ?? '/k8s-audit' }
}
