/** Serves the files of the web app, each read once. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** For all answers: nothing but the console's own files runs, and no other page shows it. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

interface File {
  readonly bytes: Buffer
  readonly type: string
  readonly etag: string
}

export class Files {
  readonly #files = new Map<string, File>()

  constructor(folder = appFolder()) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const type = TYPES[extname(name)]
      if (type === undefined) continue
      const bytes = readFileSync(join(folder, name))
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
      this.#files.set(name === 'index.html' ? '/' : `/${name}`, { bytes, type, etag })
    }
  }

  /** @returns whether there is such a file */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(path)
    if (file === undefined) return false
    const known = request.headers['if-none-match'] === file.etag
    const headers = { ...HEADERS, 'content-type': file.type, etag: file.etag, 'cache-control': 'no-cache' }
    response.writeHead(known ? 304 : 200, headers).end(known || request.method === 'HEAD' ? undefined : file.bytes)
    return true
  }
}

/** From source and as a package beside src or dist, in the bundled command beside it. */
function appFolder(): string {
  const here = import.meta.url
  return fileURLToPath(new URL(here.endsWith('.cjs') ? './console/' : '../app/', here))
}
