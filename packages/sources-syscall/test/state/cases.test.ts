import type { Memo } from '@falc/engine'
import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { SyscallState } from '../../src/state/state.ts'
import { dump, fdLine } from './dump.ts'
import { eventOf, fdOf, ipBytes, processOf, type Words, wordsOf } from './notation.ts'

/**
 * `events`:
 *
 *   thread 1 comm=init            initial tables: threads, `fd TID NUMBER KIND name=…`, `interface 10.0.0.5`
 *   10 openat fd=3 name=/x        then events: thread, name (`open>` = its enter event), parameters
 *   10 close? res=0 fd=3          ? = show what rules would see of the event
 *   +2.5                          time passes (seconds)
 *   remember                      as if rules had remembered something on every thread and descriptor
 *
 * `tables`: the tables after the events.
 */
describe.each(readCases(new URL('cases/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => one.expect('tables', run(one.lines('events')).join('\n')))
})

const START = 1_700_000_000_000_000_000n

function run(lines: readonly string[]): string[] {
  const seen: string[] = []
  const [first, ...rest] = lines.map(wordsOf)
  const limit = first?.bare[0] === 'limit' ? Number(first.bare[1]) : undefined
  const state = new SyscallState({ threadTableSize: limit, names: { user: guest, group: () => undefined } })
  let started = false
  const start = () => {
    if (!started) state.onTablesEnd()
    started = true
  }
  let time = START
  let num = 0
  for (const words of limit === undefined && first ? [first, ...rest] : rest) {
    const [head = ''] = words.bare
    if (/^\+/.test(head)) time += BigInt(Math.round(Number(head) * 1e9))
    else if (head === 'remember') {
      start()
      remember(state)
    } else if (/^-?\d+$/.test(head)) {
      start()
      const name = words.bare[1]!
      const event = eventOf(name.replace('?', ''), Number(head), time, words.values)
      event.num = ++num
      const visible = state.apply(event)
      if (name.endsWith('?')) seen.push(viewOf(event, visible))
    } else initial(state, words)
  }
  start()
  return [...seen, ...dump(state)]
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
    thread.memo = REMEMBERED
    for (const [, fd] of thread.fds) fd.memo = REMEMBERED
  }
}

/** What rules see: the thread, the descriptor and whether the event gave it another name. */
function viewOf(event: SyscallEvent, visible: boolean): string {
  const thread = event.thread === null ? 'no thread' : `thread ${event.thread.tid} "${event.thread.cmdline}"`
  const fd = event.fd === null ? '' : `,${fdLine(event.fdNum, event.fd).slice(1)}`
  const renamed = event.fd?.renamedAt === event.num ? ', renamed' : ''
  return `seen by rules: ${visible ? '' : 'no; '}${thread}, fd ${event.fdNum}${fd}${renamed}`
}
