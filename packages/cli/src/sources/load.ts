import type { Source } from '@falc/engine'
import { CliError } from '../fail.ts'

export interface SourceOptions {
  /** Show data that calls read or wrote in base64. */
  readonly base64?: boolean
}

/** The built-in event sources by name, loaded on demand. */
const SOURCES: Readonly<Record<string, (options: SourceOptions) => Promise<Source>>> = {
  syscall: async options => (await import('@falc/sources-syscall')).syscall(options),
  k8s_audit: async () => (await import('@falc/sources-k8saudit')).k8sAudit(),
}

export const SOURCE_NAMES = Object.keys(SOURCES)

const loaded = new Map<boolean, Promise<Source[]>>()

/** All of them; the same objects for the same options. */
export function loadSources({ base64 = false }: SourceOptions = {}): Promise<Source[]> {
  const known = loaded.get(base64) ?? Promise.all(Object.values(SOURCES).map(load => load({ base64 })))
  loaded.set(base64, known)
  return known
}

/** @throws {CliError} for an unknown name */
export async function loadSource(name: string): Promise<Source> {
  const load = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined
  if (!load) throw new CliError(`Unknown event source: ${name} (there are ${SOURCE_NAMES.join(', ')})`)
  return load({})
}
