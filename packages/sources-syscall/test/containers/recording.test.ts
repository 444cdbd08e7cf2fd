/** Recordings made while metadata of containers is pending: in order, and with each container known from its first event. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { compileCondition, compileOutput } from '@falc/engine'
import { afterAll, describe, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import type { Announced } from '../../src/containers/description.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { Engines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { ContainerMetadata } from '../../src/containers/metadata.ts'
import { openCapture } from '../../src/open-capture.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { type WaitingOptions, WaitingRecorder } from '../../src/recording/waiting.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import { SyscallState } from '../../src/state/state.ts'

const source = syscall()
const dir = mkdtempSync(join(tmpdir(), 'falc-recording-'))
afterAll(() => rmSync(dir, { recursive: true }))

const SHOP = 'ab'.repeat(32)
const WEB = 'cd'.repeat(32)
const describedAs = (name: string, id: string) => ({ id: id.slice(0, 12), full_id: id, type: 11, name }) as Announced
const enter = (tid: number, id: string) =>
  `${tid} execve res=0 exe=/bin/sh comm=sh tid=${tid} pid=${tid} ptid=10 cgroups=cpu=/libpod_parent/libpod-${id}`
const open = (tid: number, name: string) => `${tid} openat fd=3 dirfd=-100 name=/${name} flags=1`

/** A machine that is recorded. Its engine answers when the test calls `reply`. */
async function setUp(filter: string | undefined, options: WaitingOptions = {}, holdMs = 1000) {
  const state = new SyscallState()
  const answers = new Map<string, (found: Announced | null) => void>()
  const engine: Engine = {
    kind: 'podman',
    socket: '/x',
    owner: null,
    present: () => true,
    inspect: id =>
      new Promise((resolve, reject) =>
        answers.set(id, found => (found === null ? reject(new LookupError('not-found', id)) : resolve(found))),
      ),
    close: () => {},
  }
  const metadata = new ContainerMetadata(state, { attempts: 1, holdMs }, new Engines([engine]))
  for (const thread of ['1 comm=init', '10 comm=conmon']) state.onProcess(processOf(wordsOf(`thread ${thread}`)))
  state.onTablesEnd()
  const path = join(dir, `${Math.random()}.scap`)
  const recorder = new Recorder(path, { state, tap: () => {} })
  const condition = filter === undefined ? undefined : compileCondition(filter, source)
  const waiting = new WaitingRecorder(recorder, metadata, {
    ...options,
    matches: condition && (event => condition.test(event)),
  })
  let time = 1_000_000_000n
  const happen = (...lines: string[]) => {
    for (const line of lines) {
      const [tid, name, ...rest] = line.split(' ')
      const event = eventOf(name!, Number(tid), time++, wordsOf(rest.join(' ')).values)
      event.tables = state.tables
      if (state.apply(event)) waiting.take(event)
      else waiting.pass(event)
    }
  }
  const answer = async (id: string, found: Announced | null) => {
    answers.get(id)!(found)
    await turn()
  }
  const reply = async (id: string, found: Announced | null) => {
    await answer(id, found)
    waiting.settle()
  }
  /** What a replay of the recording shows. */
  const replayed = async () => {
    waiting.finish()
    recorder.close()
    metadata.close()
    const text = compileOutput('%evt.type %fd.name %container.name', source)
    const lines: string[] = []
    const replay = await openCapture(path)
    do while (replay.next()) if (!replay.event.thread?.isInvalid) lines.push(text(replay.event))
    while (await replay.fill())
    replay.close()
    return lines
  }
  return { happen, answer, reply, replayed, waiting }
}

describe('a filter that needs metadata', () => {
  test('matches a container’s first events, in order', async () => {
    const { happen, reply, replayed, waiting } = await setUp('container.name = shop-1')
    happen(enter(20, SHOP), open(20, 'first'), enter(30, WEB), open(30, 'other'), '20 close res=0 fd=3')
    await reply(WEB, describedAs('web-1', WEB))
    happen(open(20, 'second'))
    await reply(SHOP, describedAs('shop-1', SHOP))
    happen(open(20, 'third'), open(30, 'another'))
    expect(await replayed()).toEqual([
      'execve <NA> shop-1',
      'openat /first shop-1',
      'close /first shop-1',
      'openat /second shop-1',
      'openat /third shop-1',
    ])
    expect(waiting.matched).toBe(5)
  })

  test('does not match events of an unknown container', async () => {
    const { happen, reply, replayed } = await setUp('container.name = shop-1')
    happen(enter(20, SHOP), open(20, 'first'))
    await reply(SHOP, null)
    happen(open(20, 'second'))
    expect(await replayed()).toEqual([])
  })

  test('stops at the limit of recorded events', async () => {
    const { happen, reply, replayed } = await setUp('container.name = shop-1', { limit: 2 })
    happen(enter(20, SHOP), open(20, 'first'), open(20, 'second'))
    await reply(SHOP, describedAs('shop-1', SHOP))
    expect(await replayed()).toEqual(['execve <NA> shop-1', 'openat /first shop-1'])
  })

  test('holds events no longer than its window, and no more of them than there is room for', async () => {
    const slow = await setUp('not container.name = shop-1', { holdMs: 20 }, 20)
    slow.happen(enter(20, SHOP), open(20, 'first'))
    await until('both events', () => {
      slow.waiting.settle()
      return slow.waiting.matched === 2
    })
    const narrow = await setUp('not container.name = shop-1', { holdBytes: 500 })
    narrow.happen(enter(20, SHOP), ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(name => open(20, name)))
    expect(narrow.waiting.overflowed).toBeGreaterThan(0)
    await narrow.reply(SHOP, describedAs('shop-1', SHOP))
    expect((await narrow.replayed()).length).toBeLessThan(9)
  })
})

test('an unfiltered recording knows a container from its first event', async () => {
  const { happen, reply, replayed } = await setUp(undefined)
  happen(open(1, 'before'), enter(20, SHOP), open(20, 'first'), open(1, 'between'))
  await reply(SHOP, describedAs('shop-1', SHOP))
  happen(open(20, 'second'))
  expect(await replayed()).toEqual([
    'openat /before host',
    'container <NA> <NA>',
    'execve <NA> shop-1',
    'openat /first shop-1',
    'openat /between host',
    'openat /second shop-1',
  ])
})

test('a container that became known just before the end is known from its first event', async () => {
  const { happen, answer, replayed } = await setUp(undefined)
  happen(open(1, 'before'), enter(20, SHOP), open(20, 'first'))
  await answer(SHOP, describedAs('shop-1', SHOP))
  expect(await replayed()).toEqual([
    'openat /before host',
    'container <NA> <NA>',
    'execve <NA> shop-1',
    'openat /first shop-1',
  ])
})

test('names for which the disk has no room fail what is recorded next, not the stream in which they were found', () => {
  const user = (uid: number) => ({ uid, gid: uid, name: 'n'.repeat(1000), home: '/', shell: '/bin/sh' })
  const state = new SyscallState({ names: { user, group: () => undefined } })
  const { tables } = state
  const recorder = new Recorder('/dev/full', { state, tap: () => {} })
  // More than is kept in memory.
  for (let uid = 1; uid <= 500; uid++) expect(tables.names.user(tables.containers.host, uid, null)).toBe(true)
  const event = eventOf('close', 1, 1n, wordsOf('res=0 fd=3').values)
  expect(() => recorder.write(event)).toThrow('ENOSPC')
  expect(() => recorder.close()).toThrow('ENOSPC')
})
