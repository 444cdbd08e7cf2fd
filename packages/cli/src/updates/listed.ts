import { TOO_MANY_PARTS, tooManyParts } from '@falc/engine/analysis'
import { parse } from 'yaml'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { readFile } from '../read-file.ts'
import { parseReference, type Reference } from './reference.ts'
import { bodyOf, failureOf, RegistryError } from './registry.ts'

/** An entry of an index in falcoctl's format. */
export interface Listed {
  readonly name: string
  readonly type: string
  readonly registry: string
  readonly repository: string
  readonly description: string
  readonly keywords: readonly string[]
}

const MAX_INDEX = 8 * 1024 * 1024
const TIMEOUT_MS = 30_000

/** The rules in the indexes. @throws {RegistryError} when one cannot be read */
export async function listed({ updates }: Config): Promise<Listed[]> {
  const all = await Promise.all(updates.indexes.map(read))
  return all.flat().filter(({ type }) => type === 'rulesfile')
}

/**
 * `falco-rules:5` by the indexes, or a reference as it is.
 * @throws {CliError} when no index has it
 * @throws {RegistryError} when one cannot be read
 */
export async function resolved(text: string, config: Config): Promise<Reference> {
  if (text.includes('/')) return parseReference(text)
  const [, name, version] = /^([\w.-]+)((?::|@).+)?$/.exec(text) ?? []
  const entry = (await listed(config)).find(one => one.name === name)
  if (!entry) throw new CliError(`no index has "${text.slice(0, 200)}": see falc rules search`)
  return parseReference(`${entry.registry}/${entry.repository}${version ?? ''}`)
}

async function read(from: string): Promise<Listed[]> {
  try {
    const text = await textOf(from)
    if (tooManyParts(text) !== undefined) throw new Error(TOO_MANY_PARTS)
    // Comparing keys takes quadratic time.
    const entries = parse(text, { uniqueKeys: false })
    if (!Array.isArray(entries)) throw new Error('it is not a list')
    return entries.map(entryOf)
  } catch (error) {
    const again = error instanceof RegistryError && error.again
    throw new RegistryError(`index ${from}: ${failureOf(error as Error)}`, again)
  }
}

async function textOf(from: string): Promise<string> {
  if (!/^https?:/.test(from)) return readFile(from.replace(/^file:\/\//, '')).toString('utf8')
  const response = await fetch(from, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) => {
    throw new RegistryError(failureOf(error), true)
  })
  // An index is not signed: anyone who can change it in transit chooses the origin of rules.
  if (from.startsWith('https:') && !response.url.startsWith('https:')) {
    await response.body?.cancel()
    throw new Error(`redirected to ${new URL(response.url).origin}, which has no TLS`)
  }
  const { ok, status } = response
  if (!ok) throw new RegistryError(`answered with ${status}`, status === 429 || status >= 500)
  return (await bodyOf(response, MAX_INDEX)).toString('utf8')
}

function entryOf(entry: Record<string, unknown> | null): Listed {
  const text = (name: string) => (typeof entry?.[name] === 'string' ? (entry[name] as string) : '')
  const { keywords } = entry ?? {}
  return {
    ...{ name: text('name'), type: text('type'), registry: text('registry'), repository: text('repository') },
    description: text('description'),
    keywords: Array.isArray(keywords) ? keywords.map(String) : [],
  }
}
