/** Locates the native parts. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { LiveError } from './live-error.ts'

/** The addon: see native/addon/addon.c. */
export interface Addon {
  /** Maps a BPF ring buffer. Only `consumer` may be written to; writing to the others kills the process. */
  map(fd: number, ringBytes: number): { consumer: ArrayBuffer; producer: ArrayBuffer; data: ArrayBuffer }
  socketpair(): [number, number]
  connect(path: string): number
  /** Does not block. Length -1 = no data yet, 0 = the peer has closed. */
  receive(fd: number, bytes: Uint8Array): { length: number; fds: number[] }
  /** Returns the number of bytes sent; -1 = the socket is full. */
  send(fd: number, bytes: Uint8Array): number
  close(fd: number): void
}

const PARTS = {
  probe: { file: 'falc-probe', env: 'FALC_PROBE' },
  addon: { file: 'falc.node', env: 'FALC_ADDON' },
  signal: { file: 'falc-signal', env: 'FALC_SIGNAL' },
} as const

/**
 * Path of a native part: from its environment variable (FALC_PROBE, FALC_ADDON, FALC_SIGNAL), else in the platform's package, else in the
 * checkout.
 * @throws {LiveError} `not-installed` if it is not found, with instructions
 */
export function findNative(part: keyof typeof PARTS): string {
  const { file, env } = PARTS[part]
  const named = process.env[env]
  if (named) {
    if (existsSync(named)) return named
    throw new LiveError('not-installed', `${env} names ${named}, which is not there`)
  }
  const name = `@falc/probe-${process.platform}-${process.arch}`
  const packaged = inPackage(name, file)
  if (packaged !== undefined) return packaged
  const local = inCheckout(file)
  if (local !== undefined) return local
  if (process.platform !== 'linux') {
    throw new LiveError('unsupported', `live capture needs Linux; captures can be replayed here with -e FILE`)
  }
  throw new LiveError(
    'not-installed',
    `${file} is not installed: install the package ${name}, or build it in a checkout with \`pnpm build:native\`, or name it in ${env}`,
  )
}

function inPackage(name: string, file: string): string | undefined {
  try {
    return ownRequire().resolve(`${name}/${file}`)
  } catch {
    return undefined
  }
}

/** Built by `pnpm build:native`. */
function inCheckout(file: string): string | undefined {
  try {
    const path = join(dirname(ownRequire().resolve(MANIFEST)), 'native/.output', file)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

const MANIFEST = '@falc/sources-syscall/package.json'

/** Resolves relative to this package, which is not where this code is once it has been bundled. */
function ownRequire(): NodeJS.Require {
  const here = createRequire(import.meta.url)
  return createRequire(here.resolve(MANIFEST))
}

let loaded: Addon | undefined

/** @throws {LiveError} if it is missing or incompatible with this runtime */
export function loadAddon(): Addon {
  if (loaded !== undefined) return loaded
  const path = findNative('addon')
  try {
    return (loaded = createRequire(import.meta.url)(path) as Addon)
  } catch (error) {
    throw new LiveError('not-installed', `${path} can't be loaded: ${(error as Error).message}`)
  }
}
