import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Group, User } from '../model/users.ts'
import type { MachineNames, Names } from '../state/name-search.ts'
import { NamesOutcome, Names as NamesPayload, NamesRequest } from './wire.ts'

/** Host files longer than this are not read. */
const MAX_BYTES = 1 << 20
/** Maximum number of outstanding requests, maximum number of cached answers, and the lifetime of both in milliseconds. */
const MAX_ASKED = 16
const MAX_ANSWERS = 256
const KEPT = 5000
/**
 * The lifetime of the answer that a process still shares its root with the host: a process of a new container soon has its own. One that
 * has shared it so often is asked as seldom as others.
 */
const KEPT_SHARED = 200
const MAX_SHARED = 15

interface Answer {
  readonly names: Names | null | undefined
  /** How often in a row it was that the process shares the host's root. */
  readonly shared: number
  readonly until: number
}

/**
 * Users and groups from the host's files and, as in Falco, from those of its containers. A container's owner controls what
 * reading its files does, so the sidecar reads them, with a deadline (native/sidecar/names.c): `ofProcess` sends a request,
 * and a later call returns the answer.
 */
export class LiveNames implements MachineNames {
  readonly #root: string
  readonly #answers = new Map<number, Answer>()
  readonly #asked = new Map<number, number>()
  #ask: ((request: Uint8Array) => void) | null = null

  /** @param root where the host's root file system is mounted (Falco's HOST_ROOT) */
  constructor(root = process.env.HOST_ROOT ?? '') {
    this.#root = root
  }

  user(uid: number): User | undefined {
    return users(read(`${this.#root}/etc/passwd`)).find(user => user.uid === uid)
  }

  group(gid: number): Group | undefined {
    return groups(read(`${this.#root}/etc/group`)).find(group => group.gid === gid)
  }

  ofProcess(pid: number): Names | null | undefined {
    const now = performance.now()
    const answer = this.#answers.get(pid)
    if (answer !== undefined && now < answer.until) return answer.names
    for (const [asked, time] of this.#asked) if (now - time > KEPT) this.#asked.delete(asked)
    if (this.#ask === null || this.#asked.has(pid) || this.#asked.size >= MAX_ASKED) return undefined
    const request = new Uint8Array(NamesRequest.size)
    new DataView(request.buffer).setUint32(NamesRequest.pid, pid, true)
    this.#asked.set(pid, now)
    this.#ask(request)
    return undefined
  }

  /** Sets the function that sends requests, and discards earlier requests and answers. */
  connect(ask: (request: Uint8Array) => void): void {
    this.#ask = ask
    this.#asked.clear()
    this.#answers.clear()
  }

  /** Handles the payload of a NAMES frame. */
  answer(payload: DataView): void {
    const pid = payload.getUint32(NamesPayload.pid, true)
    if (!this.#asked.delete(pid)) return
    const isShared = payload.getUint32(NamesPayload.outcome, true) === NamesOutcome.shared
    const shared = isShared ? (this.#answers.get(pid)?.shared ?? 0) + 1 : 0
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!)
    const kept = isShared && shared < MAX_SHARED ? KEPT_SHARED : KEPT
    this.#answers.set(pid, { names: namesOf(payload), shared, until: performance.now() + kept })
  }
}

function namesOf(payload: DataView): Names | null | undefined {
  const outcome = payload.getUint32(NamesPayload.outcome, true)
  if (outcome === NamesOutcome.gone) return undefined
  if (outcome !== NamesOutcome.read) return null
  const text = (from: number, length: number) =>
    new TextDecoder().decode(new Uint8Array(payload.buffer, payload.byteOffset + from, length))
  const passwd = payload.getUint32(NamesPayload.passwdBytes, true)
  const names = {
    users: users(text(NamesPayload.text, passwd)),
    groups: groups(text(NamesPayload.text + passwd, payload.getUint32(NamesPayload.groupBytes, true))),
  }
  return names.users.length + names.groups.length > 0 ? names : null
}

function users(passwd: string): User[] {
  return entries(passwd).flatMap(([name, , uid, gid, , home = '', shell = '']) =>
    isName(name) && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }] : [],
  )
}

function groups(group: string): Group[] {
  return entries(group).flatMap(([name, , gid]) => (isName(name) && isId(gid) ? [{ name, gid: Number(gid) }] : []))
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !/^[+-]/.test(text)
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff
}

function entries(text: string): string[][] {
  return text
    .split('\n')
    .filter(line => !line.startsWith('#'))
    .map(line => line.split(':'))
}

/** Returns '' if the file does not exist, is not readable, is not a regular file, or is too long. */
function read(path: string): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return ''
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > MAX_BYTES) return ''
    const bytes = Buffer.alloc(stat.size)
    return bytes.toString('utf8', 0, readSync(fd, bytes))
  } catch {
    return ''
  } finally {
    closeSync(fd)
  }
}
