/** Writes a recorded event as a scene: the state of the machine that it depends on, then the event. */
import { openCapture } from '../capture/file.ts'
import type { FdEntry, ProcessEntry } from '../capture/visitor.ts'
import { containerEvent } from '../containers/container-event.ts'
import { Delivery } from '../delivery.ts'
import { SyscallEvent } from '../event.ts'
import { EVENTS } from '../events/table.ts'
import type { Thread } from '../model/thread.ts'
import { nameEvents } from '../recording/name-events.ts'
import { fdEntry, processEntry } from '../recording/write-tables.ts'
import { SyscallState } from '../state/state.ts'
import type { Tables } from '../state/tables.ts'
import { addressText, eventLine, quoted } from './event-line.ts'
import { processOf, wordsOf } from './notation.ts'

/**
 * Writes one event of a capture as the lines of a scene, with the state that it depends on: its thread with ancestors and leaders, the
 * descriptors it names, users, the container. Rules treat the scene like the capture. It has what the capture has of arguments,
 * environments and paths.
 * @param num evt.num
 * @returns undefined when there is no such event
 * @throws {CaptureError} see openCapture
 */
export async function sceneOf(path: string, num: number): Promise<string[] | undefined> {
  const state = new SyscallState({})
  const file = await openCapture(path, state)
  const delivery = new Delivery(state)
  /** The last enter event of each thread: some calls take their arguments from it. */
  const entered = new Map<number, SyscallEvent>()
  try {
    do {
      while (file.next()) {
        const { event } = file
        if (event.num === num) return linesOf(event, entered.get(event.tid), state.tables)
        if (EVENTS[event.type]!.enter) entered.set(event.tid, event.cloneBytes())
        delivery.take(event)
      }
    } while (await file.fill())
  } finally {
    file.close()
  }
  return undefined
}

function linesOf(event: SyscallEvent, enter: SyscallEvent | undefined, tables: Tables): string[] {
  const threads = threadsFor(event, tables)
  const thread = tables.threads.get(event.tid)
  const container = thread?.container.id ?? ''
  const lines = [
    ...userLines(threads, tables),
    ...threads.map(threadLine),
    ...fdLines(event, thread),
    `time ${event.time}`,
  ]
  if (thread?.container.info)
    lines.push(eventLine(eventAt(containerEvent(JSON.stringify({ container: thread.container.info }), event.time))))
  if (container !== '') {
    const names = { users: tables.users.usersOf(container), groups: tables.users.groupsOf(container) }
    for (const note of nameEvents(container, names, event.time)) lines.push(eventLine(note))
  }
  if (enter && enter.type + 1 === event.type) lines.push(eventLine(enter))
  return [...lines, eventLine(event)]
}

function eventAt(bytes: Uint8Array): SyscallEvent {
  const event = new SyscallEvent()
  event.attach(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length)
  return event
}

/** The threads that fields of an event may read, oldest first. */
function threadsFor(event: SyscallEvent, tables: Tables): Thread[] {
  const found = new Set<Thread>()
  const walked = new Set<Thread>()
  const add = (tid: number): void => {
    let thread = tid > 0 ? tables.threads.get(tid) : null
    while (thread && !walked.has(thread)) {
      walked.add(thread)
      const { leader, sid, vpgid, pgid } = thread
      const others = [sid, vpgid, pgid].map(other => (other > 0 ? tables.threads.get(other) : null))
      for (const one of [thread, leader, ...others]) if (one && !one.isFake) found.add(one)
      thread = (leader ?? thread).parent
    }
  }
  add(event.tid)
  for (const [i, { type }] of EVENTS[event.type]!.params.entries()) {
    if (type === 'pid' && event.has(i)) add(Number(event.int64(i)))
  }
  return [...found].sort((a, b) => a.tid - b.tid)
}

function userLines(threads: readonly Thread[], { users }: Tables): string[] {
  const uids = new Set(threads.flatMap(({ uid, loginuid }) => [uid, loginuid]).concat(0))
  const gids = new Set(threads.map(({ gid }) => gid))
  const known = [...uids].flatMap(uid => users.user('', uid) ?? [])
  return [
    ...known.map(
      ({ uid, gid, name, home, shell }) =>
        `user ${uid} gid=${gid} name=${quoted(name)} home=${quoted(home)} shell=${quoted(shell)}`,
    ),
    ...[...gids].flatMap(gid => users.group('', gid) ?? []).map(({ gid, name }) => `group ${gid} name=${quoted(name)}`),
  ]
}

/** Only what a line without it would not say. */
function threadLine(thread: Thread): string {
  const entry = processEntry(thread)
  let line = `thread ${entry.tid} comm=${quoted(entry.comm)}`
  if (entry.pid !== entry.tid) line += ` pid=${entry.pid}`
  const implied = processOf(wordsOf(line))
  for (const key of Object.keys(implied) as (keyof ProcessEntry)[]) {
    const value = entry[key]
    if (key !== 'tid' && String(value) !== String(implied[key])) line += ` ${key}=${valueText(value)}`
  }
  return line
}

function valueText(value: ProcessEntry[keyof ProcessEntry]): string {
  if (typeof value !== 'object') return quoted(String(value))
  const isPlain = value.every(one => one !== '' && !one.includes('|')) && !value[0]?.startsWith('["')
  return quoted(isPlain ? value.join('|') : JSON.stringify(value))
}

function fdLines(event: SyscallEvent, thread: Thread | null): string[] {
  if (!thread) return []
  const nums = new Set<number>()
  for (const [i, { type }] of EVENTS[event.type]!.params.entries()) {
    if (type === 'fd' && event.has(i)) nums.add(Number(event.int64(i)))
    if (type === 'fdlist')
      for (let at = event.paramOffset(i) + 2; at + 10 <= event.paramOffset(i) + event.paramLength(i); at += 10)
        nums.add(Number(event.view.getBigInt64(at, true)))
  }
  const owner = thread.leader?.fds === thread.fds ? thread.leader.tid : thread.tid
  return [...nums].flatMap(num => {
    const fd = num < 0 ? null : thread.fds.get(num)
    return fd ? [fdLine(owner, fdEntry(num, fd, new Set()), fd.nameRaw)] : []
  })
}

function fdLine(tid: number, entry: FdEntry, raw: string): string {
  const head = `fd ${tid} ${entry.fd} ${entry.type}`
  const { name, ino, dev, openFlags, sip, dip, sport, dport, l4proto } = entry
  const words = {
    ...{ name, raw, ino, dev, flags: openFlags, l4: l4proto },
    ...{ from: sip && `${addressText(sip)}:${sport}`, to: dip && `${addressText(dip)}:${dport}` },
  }
  const given = Object.entries(words).filter(([, value]) => value !== null && !['', '0', '0n'].includes(String(value)))
  return [head, ...given.map(([key, value]) => `${key}=${quoted(String(value))}`)].join(' ')
}
