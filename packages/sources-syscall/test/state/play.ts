import type { Memo } from '@falc/engine'
import type { SyscallEvent } from '../../src/event.ts'
import { eventOf, fdOf, ipBytes, processOf, type Words, wordsOf } from '../../src/scene/notation.ts'
import { SyscallState } from '../../src/state/state.ts'

const START = 1_700_000_000_000_000_000n

/** Called after each event; `asked`: its name is followed by a `?`. */
export type Watcher = (event: SyscallEvent, visible: boolean, asked: boolean) => void

/**
 * Plays lines on a new state:
 *
 *   limit 5                       at most 5 threads
 *   live                          as live, where descriptors of files may be unknown
 *   thread 1 comm=init            initial tables: threads, `fd TID NUMBER KIND name=…`, `interface 10.0.0.5`
 *   10 openat fd=3 name=/x        then events: thread, name (`open>` = its enter event), parameters
 *   fds 10 4096                   thread 10 opens 4096 files as its first act, from descriptor 0 up
 *   +2.5                          time passes (seconds)
 *   remember                      as if rules had remembered something on every thread and descriptor
 */
export function play(lines: readonly string[], watch: Watcher = () => {}): SyscallState {
  const [first, ...rest] = lines.map(wordsOf)
  const limit = first?.bare[0] === 'limit' ? Number(first.bare[1]) : undefined
  const state = new SyscallState({ threadTableSize: limit, names: { user: guest, group: () => undefined } })
  let started = false
  let crowd: readonly string[] = []
  const start = () => {
    if (started) return
    started = true
    state.onTablesEnd()
    for (let n = 0; n < Number(crowd[2] ?? 0); n++)
      state.apply(
        eventOf(
          'openat',
          Number(crowd[1]),
          START,
          new Map([
            ['fd', `${n}`],
            ['name', `/f${n}`],
          ]),
        ),
      )
  }
  let time = START
  let num = 0
  for (const words of limit === undefined && first ? [first, ...rest] : rest) {
    const [head = ''] = words.bare
    if (/^\+/.test(head)) time += BigInt(Math.round(Number(head) * 1e9))
    else if (head === 'fds') crowd = words.bare
    else if (head === 'live') state.tables.unknownCopiesEnd = true
    else if (head === 'remember') {
      start()
      remember(state)
    } else if (/^-?\d+$/.test(head)) {
      start()
      const name = words.bare[1]!
      const event = eventOf(name.replace('?', ''), Number(head), time, words.values)
      event.num = ++num
      const visible = state.apply(event)
      event.tables = state.tables
      watch(event, visible, name.endsWith('?'))
    } else initial(state, words)
  }
  start()
  return state
}

function initial(state: SyscallState, words: Words): void {
  const [kind, id] = words.bare
  if (kind === 'thread') state.onProcess(processOf(words))
  else if (kind === 'fd') state.onFd(Number(id), fdOf(words))
  else if (kind === 'interface') {
    const netmask = Uint8Array.of(255, 255, 255, 0)
    const entries = words.bare
      .slice(1)
      .map(ip => ({ name: 'eth0', address: ipBytes(ip), netmask, broadcast: netmask, linkSpeed: 0n }))
    state.onInterfaces(entries)
  } else throw new TypeError(`case file: unknown line ${words.bare.join(' ')}`)
}

function guest(uid: number) {
  return uid === 1000 ? { uid, gid: 1000, name: 'guest', home: '/home/guest', shell: '/bin/sh' } : undefined
}

const REMEMBERED: Memo = { owner: {}, truths: [], sets: [] }

function remember(state: SyscallState): void {
  for (const thread of state.tables.threads) {
    thread.fresh().memo = REMEMBERED
    for (const [, fd] of thread.fds) fd.memo = REMEMBERED
  }
}
