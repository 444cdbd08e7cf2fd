/** Tokens and their scopes. */
import { createHash, randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from '@falc/outputs/read-file'

/** `read`: see alerts. `triage`: decide about them. `respond`: act on what others receive. `admin`: change rules. `ingest`: send alerts. */
export const SCOPES = ['read', 'triage', 'respond', 'admin', 'ingest'] as const
export type Scope = (typeof SCOPES)[number]

/** The rights of a user. */
export interface Rights {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** What they may see; undefined: all. */
  readonly namespaces?: readonly string[] | undefined
}

export interface Token extends Rights {
  /** SHA-256, 64 hex digits. */
  readonly hash: string
}

/** Users restricted to some namespaces may not change what concerns all. @throws {Error} */
export function checkRights({ scopes, namespaces }: Rights, where: string): void {
  if (namespaces === undefined) return
  if (namespaces.length === 0) throw new Error(`${where}: there is no namespace in the list`)
  const whole = scopes.filter(scope => scope !== 'read' && scope !== 'triage')
  if (whole.length > 0) throw new Error(`${where}: ${whole.join(', ')} cannot be for some namespaces`)
}

/** SHA-256 in hex. */
export const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** A new token, and the line for the file of tokens, which does not have the token itself. */
export function newToken(
  name: string,
  scopes: readonly Scope[],
  namespaces?: readonly string[],
): { readonly token: string; readonly line: string } {
  const token = `falc_${randomBytes(32).toString('base64url')}`
  const seen = namespaces === undefined ? '' : ` ${namespaces.join(',')}`
  return { token, line: `${name} ${scopes.join(',')} ${hashOf(token)}${seen}` }
}

/** Reads a file of tokens: `NAME SCOPES HASH`, and maybe `NAMESPACES`, on each line, `#` begins a comment. @throws {Error} with the line that is malformed */
export function parseTokens(text: string): Token[] {
  return text.split('\n').flatMap((line, i) => {
    if (/^\s*(#|$)/.test(line)) return []
    const [name = '', list = '', hash = '', seen, ...rest] = line.trim().split(/\s+/)
    const scopes = list.split(',')
    const known = scopes.every((scope): scope is Scope => SCOPES.includes(scope as Scope))
    if (!known || !/^[0-9a-f]{64}$/.test(hash) || rest.length > 0)
      throw new Error(
        `line ${i + 1} is not a name, scopes (${SCOPES.join(',')}), a SHA-256 in hex, and maybe namespaces`,
      )
    const namespaces = seen?.split(',').filter(one => one !== '')
    const rights = { name, scopes: scopes as Scope[], namespaces }
    checkRights(rights, `line ${i + 1}`)
    return [{ ...rights, hash }]
  })
}

/**
 * The tokens of a file as it is at the time of a call. While it is malformed or not there, those that were last read count, and a note
 * says so once.
 * @throws {Error} when it cannot be read at first
 */
export function tokensIn(path: string, note: (text: string) => void): () => readonly Token[] {
  const stampOf = () => {
    const { mtimeMs = 0, size = 0, ino = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
    return `${mtimeMs} ${size} ${ino}`
  }
  let stamp = stampOf()
  let tokens = parseTokens(readFile(path).toString('utf8'))
  return () => {
    const now = stampOf()
    if (now === stamp) return tokens
    stamp = now
    try {
      tokens = parseTokens(readFile(path).toString('utf8'))
    } catch (error) {
      note(`${path}: ${(error as Error).message}; the tokens stay as they were`)
    }
    return tokens
  }
}
