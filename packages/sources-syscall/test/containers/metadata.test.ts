import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Engine as Detector } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import type { Announced, ContainerDescription } from '../../src/containers/description.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { Engines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { ContainerMetadata, type MetadataOptions } from '../../src/containers/metadata.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { syscall } from '../../src/source.ts'
import { SyscallState } from '../../src/state/state.ts'
import { eventOf, processOf, wordsOf } from '../state/notation.ts'

const source = syscall()
const ID = 'ab'.repeat(32)
const RULES = `
- rule: shell in shop
  desc: d
  condition: evt.type = openat and proc.name = sh and container.image.repository = shop
  output: "%proc.name (%proc.pname) opened %evt.arg.fd in %container.name at %evt.num"
  priority: NOTICE
- rule: shell elsewhere
  desc: d
  condition: evt.type = openat and proc.name = sh and not container.image.repository = shop
  output: "%proc.name opened %fd.name in %container.name"
  priority: NOTICE
- rule: any exec
  desc: d
  condition: evt.type = execve
  output: "%proc.name started in %container.id"
  priority: NOTICE
`

/** A machine with one container, whose engine answers when told to. */
function setUp(options: MetadataOptions = {}, seen?: Partial<ContainerDescription>) {
  const state = new SyscallState()
  let answer: (found: ContainerDescription | Error) => void = () => {}
  let announce: (container: Announced) => void = () => {}
  let asked = 0
  const engine: Engine = {
    kind: 'podman',
    socket: '/x',
    owner: null,
    present: () => true,
    inspect: () =>
      new Promise((resolve, reject) => {
        asked++
        answer = found => (found instanceof Error ? reject(found) : resolve(found))
      }),
    watch: watcher =>
      new Promise(() => {
        watcher.opened()
        announce = container => watcher.announced(container)
      }),
    peek: async () => seen,
    withImage: async container => ({ ...container, imageid: 'aa' }),
    close: () => {},
  }
  const metadata = new ContainerMetadata(state, { attempts: 1, ...options }, new Engines([engine]))
  const detector = new Detector({ sources: [source], ruleMatching: 'all' })
  const report = detector.load([{ name: 'r', content: RULES }])
  if (!report.ok) throw new Error(report.errors.map(error => error.message).join('\n'))
  const alerts: string[] = []
  const evaluate = (event: SyscallEvent) => {
    const found = detector.evaluate(source, event, metadata)
    if (found !== undefined) alerts.push(...found.map(alert => alert.message))
  }
  metadata.onReady = () => {
    for (let event = metadata.next(); event !== null; event = metadata.next()) evaluate(event)
  }
  let num = 0
  /** Applies an event of the notation and evaluates it. */
  const happen = (line: string) => {
    const [tid, name, ...rest] = line.split(' ')
    const event = eventOf(name!, Number(tid), BigInt(1e9 + num), wordsOf(rest.join(' ')).values)
    event.num = ++num
    event.tables = state.tables
    if (state.apply(event)) evaluate(event)
  }
  state.onProcess(processOf(wordsOf('thread 1 comm=init')))
  state.onProcess(processOf(wordsOf('thread 10 comm=conmon')))
  state.onTablesEnd()
  const reply = async (found: object | Error) => {
    answer(found as ContainerDescription)
    await turn()
  }
  const hear = async (container: object) => {
    announce(container as Announced)
    await turn()
  }
  return { metadata, alerts, happen, reply, hear, state, detector, asked: () => asked }
}

const SHOP = { id: ID.slice(0, 12), full_id: ID, type: 11, name: 'shop-1', imagerepo: 'shop', imagetag: '1' }
const enter = (tid: number, comm: string) =>
  `${tid} execve res=0 exe=/bin/${comm} comm=${comm} tid=${tid} pid=${tid} ptid=10 cgroups=cpu=/libpod_parent/libpod-${ID}`

describe('while metadata is on its way', () => {
  test('evaluations that ask for it wait, others do not', async () => {
    const { alerts, happen, reply, metadata, detector } = setUp()
    happen(enter(20, 'sh'))
    expect(alerts).toEqual([`sh started in ${ID.slice(0, 12)}`])
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    happen('20 openat fd=4 dirfd=-100 name=/other flags=1')
    expect(alerts.length).toBe(1)
    await reply(SHOP)
    expect(alerts.slice(1)).toEqual([
      'sh (conmon) opened <f>/secret in shop-1 at 2',
      'sh (conmon) opened <f>/other in shop-1 at 3',
    ])
    happen('20 openat fd=5 dirfd=-100 name=/third flags=1')
    expect(alerts[3]).toBe('sh (conmon) opened <f>/third in shop-1 at 4')
    expect(metadata.counts).toMatchObject({ held: 2, filled: 2, expired: 0, lookups: { found: 1 } })
    expect(detector.stats().matches).toBe(alerts.length)
  })

  test('what happens meanwhile does not change what was', async () => {
    const { alerts, happen, reply } = setUp()
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    happen('20 close res=0 fd=3')
    happen(enter(20, 'cat'))
    happen('20 openat fd=3 dirfd=-100 name=/boring flags=1')
    happen('20 procexit status=0')
    happen('10 procexit status=0')
    happen('1 getcwd res=0')
    await reply(SHOP)
    expect(alerts).toContain('sh (conmon) opened <f>/secret in shop-1 at 2')
    expect(alerts.join()).not.toContain('boring')
  })

  test('at the end of the window they go as they are', async () => {
    const { alerts, happen, reply, metadata } = setUp({ holdMs: 30 })
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    await until('the end of the window', () => alerts.length > 1)
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
    happen('20 openat fd=4 dirfd=-100 name=/late flags=1')
    expect(alerts[2]).toBe('sh opened /late in <NA>')
    await reply(SHOP)
    happen('20 openat fd=5 dirfd=-100 name=/later flags=1')
    expect(alerts[3]).toBe('sh (conmon) opened <f>/later in shop-1 at 4')
    expect(metadata.counts).toMatchObject({ held: 1, filled: 0, expired: 1 })
  })

  test('a look-up that fails lets them go', async () => {
    const { alerts, happen, reply, metadata } = setUp()
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    await reply(new LookupError('not-found', 'none'))
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
    expect(metadata.counts).toMatchObject({ held: 1, failed: 1, lookups: { 'not-found': 1 } })
  })

  test('no more than so many wait', async () => {
    const { alerts, happen, reply, metadata } = setUp({ holdEvents: 2 })
    happen(enter(20, 'sh'))
    for (let i = 0; i < 4; i++) happen(`20 openat fd=${i} dirfd=-100 name=/f${i} flags=1`)
    expect(alerts.slice(1)).toEqual(['sh opened /f2 in <NA>', 'sh opened /f3 in <NA>'])
    await reply(SHOP)
    expect(alerts.slice(3)).toEqual([
      'sh (conmon) opened <f>/f0 in shop-1 at 2',
      'sh (conmon) opened <f>/f1 in shop-1 at 3',
    ])
    expect(metadata.counts).toMatchObject({ held: 2, filled: 2, overflowed: 2 })
  })

  test('nothing waits when the window is 0', () => {
    const { alerts, happen } = setUp({ holdMs: 0 })
    happen(enter(20, 'sh'))
    happen('20 openat fd=3 dirfd=-100 name=/secret flags=1')
    expect(alerts[1]).toBe('sh opened /secret in <NA>')
  })
})

describe('an engine that announces its containers', () => {
  const GONE = new LookupError('not-found', 'none')
  const act = '20 openat fd=3 dirfd=-100 name=/secret flags=1'
  const named = 'sh (conmon) opened <f>/secret in shop-1 at 2'

  test('is asked before the first event, and its answer waits', async () => {
    const { alerts, happen, reply, hear, metadata, asked } = setUp()
    await hear(SHOP)
    await reply({ ...SHOP, ip: '10.0.0.7' })
    happen(enter(20, 'sh'))
    happen(act)
    await turn()
    expect(alerts[1]).toBe(named)
    expect(asked()).toBe(1)
    expect(metadata.counts).toMatchObject({ lookups: { found: 1 }, ahead: { found: 1 }, watches: { connected: 1 } })
  })

  test('is asked again for the address that a container has not before it starts', async () => {
    const { alerts, happen, reply, hear, state, asked } = setUp()
    await hear(SHOP)
    await reply({ ...SHOP, ip: '' })
    happen(enter(20, 'sh'))
    happen(act)
    await reply({ ...SHOP, ip: '10.0.0.7' })
    expect(alerts[1]).toBe(named)
    expect(asked()).toBe(2)
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ ip: '10.0.0.7' })
  })

  test('does not know a container any more: the announcement is taken', async () => {
    const { alerts, happen, reply, hear, metadata, state } = setUp({ attempts: 8, backoff: 1000 })
    happen(enter(20, 'sh'))
    happen(act)
    await reply(GONE)
    expect(alerts.length).toBe(1)
    // Podman's file of events is read four times a second.
    await hear(SHOP)
    await reply(GONE)
    expect(alerts[1]).toBe(named)
    expect(state.tables.containers.get(SHOP.id)!.info).toEqual({ ...SHOP, imageid: 'aa' })
    expect(metadata.counts).toMatchObject({ filled: 1, lookups: { 'from-event': 1, found: 0, 'not-found': 0 } })
  })

  test('lets nobody in: the announcement is taken after a few attempts', async () => {
    const { happen, reply, hear, state, asked, metadata } = setUp({ attempts: 8, backoff: 1 })
    await hear(SHOP)
    happen(enter(20, 'sh'))
    for (let i = 0; i < 12; i++) {
      await reply(new LookupError('refused', 'no rights'))
      await sleep(10)
    }
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ name: 'shop-1' })
    expect(metadata.counts.lookups).toMatchObject({ 'from-event': 1, refused: 0 })
    expect(asked()).toBeLessThan(16)
  })

  test('what was seen while the container ran goes with its announcement', async () => {
    const { happen, reply, hear, state } = setUp({ attempts: 8, backoff: 1000 }, { privileged: true })
    happen(enter(20, 'sh'))
    await reply(GONE)
    await hear(SHOP)
    await reply(GONE)
    expect(state.tables.containers.get(SHOP.id)!.info).toEqual({ ...SHOP, imageid: 'aa', privileged: true })
  })

  test('is slower than the window: the announcement is taken, and the answer when it comes', async () => {
    const { alerts, happen, reply, hear, state, metadata } = setUp({ holdMs: 30 })
    happen(enter(20, 'sh'))
    happen(act)
    await hear(SHOP)
    await until('the end of the window', () => alerts.length > 1)
    expect(alerts[1]).toBe(named)
    await reply({ ...SHOP, privileged: true })
    expect(state.tables.containers.get(SHOP.id)!.info).toMatchObject({ privileged: true })
    expect(metadata.counts).toMatchObject({ filled: 1, expired: 0, lookups: { found: 1 } })
  })

  test('announces after the look-up has failed: later events have the name', async () => {
    const { alerts, happen, reply, hear, metadata } = setUp()
    happen(enter(20, 'sh'))
    await reply(GONE)
    await hear(SHOP)
    await reply(GONE)
    happen('20 openat fd=3 dirfd=-100 name=/late flags=1')
    expect(alerts[1]).toBe('sh (conmon) opened <f>/late in shop-1 at 2')
    expect(metadata.counts).toMatchObject({ lookups: { 'not-found': 1, 'from-event': 1 } })
  })

  test('of what an announcement does not say, fields are absent', async () => {
    const { happen, reply, hear, state } = setUp()
    happen(enter(20, 'sh'))
    await hear(SHOP)
    await reply(GONE)
    const event = eventOf('getcwd', 20, 1n, wordsOf('res=0').values)
    state.apply(event)
    expect(source.fields['container.privileged']!.extract(event)).toBe(undefined)
    expect(source.fields['container.mounts']!.extract(event)).toBe(undefined)
    expect(source.fields['container.name']!.extract(event)).toBe('shop-1')
  })

  test('announces more than there is room for: the oldest are forgotten, and counted', async () => {
    const { hear, metadata } = setUp()
    for (let i = 0; i < 1100; i++) {
      const id = i.toString(16).padStart(64, '0')
      void hear({ ...SHOP, id: id.slice(0, 12), full_id: id })
    }
    expect(metadata.counts.dropped).toBe(76)
    await hear({ ...SHOP, labels: { long: 'x'.repeat(17 << 20) } })
    expect(metadata.counts.dropped).toBe(1101)
  })
})

test('containers that ran before are looked up, and waited for', async () => {
  const state = new SyscallState()
  state.onProcess(processOf(wordsOf(`thread 20 comm=sh cgroups=cpu=/libpod_parent/libpod-${ID}`)))
  state.onTablesEnd()
  const engine: Engine = {
    kind: 'podman',
    socket: '/x',
    owner: null,
    present: () => true,
    inspect: async () => SHOP as unknown as ContainerDescription,
    close: () => {},
  }
  const metadata = new ContainerMetadata(state, {}, new Engines([engine]))
  expect(state.tables.containers.get(ID.slice(0, 12))!.pending).toBe(true)
  await metadata.settle()
  expect(state.tables.containers.get(ID.slice(0, 12))!.info).toMatchObject({ name: 'shop-1' })
  expect(metadata.next()!.text(1)).toBe('container')
  expect(metadata.next()).toBe(null)
})
