import { createHash, X509Certificate } from 'node:crypto'
import type { ReceiverOptions } from '@falc/sources-k8saudit'
import type { Log } from './log.ts'
import { certificateSeries } from './meter/certificate.ts'
import type { Series } from './meter/counts.ts'
import { readFile } from './read-file.ts'
import { watchFiles } from './watch-files.ts'

/** A server's certificate and key, and the client certificates and tokens that it accepts. */
export type Credentials = Pick<ReceiverOptions, 'tls' | 'tokens'>

/** Paths. */
interface Files {
  /** Empty or missing: no TLS. */
  readonly certificate?: string | undefined
  /** Empty or missing: the key is in `certificate`. */
  readonly key?: string | undefined
  /** Clients must have a certificate that it signed. */
  readonly clientCa?: string | undefined
  /** Bearer tokens, one a line, one of which clients must send. */
  readonly tokens?: string | undefined
}

/**
 * The files with a server's credentials, which are renewed under their names while it runs: by cert-manager, certbot or the kubelet.
 * Unusable files are logged and counted, and the earlier ones stay in use.
 */
export class ServerFiles {
  readonly #server: string
  readonly #files: Files
  readonly #log: Pick<Log, 'info' | 'warning' | 'error'>
  #digest = ''
  /** Seconds since 1970. */
  #expires = 0
  #failures = 0

  /** @param server its name in messages and on the metrics page */
  constructor(server: string, files: Files, log: Pick<Log, 'info' | 'warning' | 'error'>) {
    this.#server = server
    this.#files = files
    this.#log = log
  }

  /** @throws {Error} that names the file which cannot be used */
  read(): Credentials {
    const { credentials, digest, expires } = this.#read()
    this.#digest = digest
    this.#expires = expires
    return credentials
  }

  /**
   * Keeps a server's credentials those of the files, by their changes and by SIGHUP.
   * @returns a function that ends it
   */
  keep(server: { renew(credentials: Credentials): void }): () => void {
    const { certificate, key, clientCa, tokens } = this.#files
    const paths = [certificate, key, clientCa, tokens].filter(path => path !== undefined && path !== '')
    if (paths.length === 0) return () => {}
    const renew = () => this.#renew(server)
    const unwatch = watchFiles(paths as string[], renew, this.#log)
    process.on('SIGHUP', renew)
    return () => {
      unwatch()
      process.off('SIGHUP', renew)
    }
  }

  series(): Series[] {
    return certificateSeries(this.#server, this.#expires, this.#failures)
  }

  #renew(server: { renew(credentials: Credentials): void }): void {
    try {
      const { credentials, digest, expires } = this.#read()
      if (digest === this.#digest) return
      server.renew(credentials)
      this.#digest = digest
      this.#expires = expires
      const until = expires === 0 ? '' : `, valid until ${new Date(expires * 1000).toISOString().slice(0, 10)}`
      this.#log.info(`${this.#server}: the new certificate or token is in use${until}`)
    } catch (error) {
      this.#failures++
      this.#log.error(`${this.#server}: cannot reload, the earlier one stays in use: ${(error as Error).message}`)
    }
  }

  #read(): { credentials: Credentials; digest: string; expires: number } {
    const { certificate, key, clientCa, tokens } = this.#files
    const cert = named(certificate)
    const texts = [cert, cert && named(key), cert && named(clientCa), named(tokens)] as const
    const digest = createHash('sha256')
    for (const text of texts) digest.update(`${text?.length}\n`).update(text ?? '')
    const [, own, ca, list] = texts
    const tls = cert && { cert, key: own ?? cert, ...(ca && { ca }) }
    return {
      credentials: { ...(tls && { tls }), ...(list && { tokens: tokensIn(tokens!, list) }) },
      digest: digest.digest('hex'),
      expires:
        cert === undefined ? 0 : naming(certificate!, () => Date.parse(new X509Certificate(cert).validTo) / 1000),
    }
  }
}

function named(path: string | undefined): Buffer | undefined {
  return path === undefined || path === '' ? undefined : naming(path, () => readFile(path))
}

function naming<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

/** @throws {Error} for a file without tokens: either no one could send alerts, or anyone */
function tokensIn(path: string, content: Buffer): string[] {
  const tokens = content
    .toString('utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  if (tokens.length === 0) throw new Error(`${path} has no token`)
  return tokens
}
