import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { compileOutput, Engine } from '@falc/engine'
import { afterAll, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import { Engines } from '../../src/containers/engines.ts'
import { ContainerMetadata, type MetadataOptions } from '../../src/containers/metadata.ts'
import type { PodDirectory } from '../../src/containers/pods.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { openCapture } from '../../src/open-capture.ts'
import { Recorder } from '../../src/recording/recorder.ts'
import { WaitingRecorder } from '../../src/recording/waiting.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import { SyscallState } from '../../src/state/state.ts'

const source = syscall()
const dir = mkdtempSync(join(tmpdir(), 'falc-pods-'))
afterAll(() => rmSync(dir, { recursive: true }))
const UID = '0c1f8b6e-9a57-4c35-8f3b-2d2c1a1b9e01'
const RULES = `
- rule: any exec
  desc: d
  condition: evt.type = execve
  output: "%proc.name in %k8s.pod.name of %k8s.deployment.name"
  priority: NOTICE
- rule: exec outside of deployments
  desc: d
  condition: evt.type = execve and not k8s.deployment.name exists
  output: "%proc.name in no deployment"
  priority: NOTICE
- rule: open
  desc: d
  condition: evt.type = openat
  output: "%proc.name opened %evt.arg.name"
  priority: NOTICE
`
const WEB = { name: 'web-1', uid: UID, ns: { name: 'shop' }, owners: { deployment: { name: 'web', uid: 'd' } } }

/** A node whose known pods the test sets. No container engine answers. */
function node(options: MetadataOptions = {}) {
  const state = new SyscallState()
  const pods = new Map<string, { description: object; complete: boolean }>()
  const directory: PodDirectory & { podsSynced: boolean } = {
    onChange: null,
    podsSynced: true,
    events: {},
    find: uid => pods.get(uid),
    close: () => {},
  }
  const metadata = new ContainerMetadata(state, { pods: directory, ...options }, new Engines([]))
  const detector = new Engine({ sources: [source], ruleMatching: 'all' })
  if (!detector.load([{ name: 'r', content: RULES }]).ok) throw new Error('the rules are invalid')
  const alerts: string[] = []
  const evaluate = (event: SyscallEvent) => {
    const found = detector.evaluate(source, event, metadata)
    if (found !== undefined) alerts.push(...found.map(alert => alert.message))
  }
  const told: string[] = []
  metadata.onReady = () => {
    for (let event = metadata.next(); event !== null; event = metadata.next()) {
      if (event.thread === null) told.push(event.text(1))
      evaluate(event)
    }
  }
  state.onProcess(processOf(wordsOf('thread 10 comm=runc')))
  state.onTablesEnd()
  let num = 0
  const happen = (line: string, take = evaluate) => {
    const [tid, name, ...rest] = line.split(' ')
    const event = eventOf(name!, Number(tid), BigInt(1e9 + num), wordsOf(rest.join(' ')).values)
    event.num = ++num
    event.tables = state.tables
    if (state.apply(event)) take(event)
  }
  const enter = (tid: number, take = evaluate) =>
    happen(
      `${tid} execve res=0 exe=/bin/sh comm=sh tid=${tid} pid=${tid} ptid=10 cgroups=cpu=/kubepods/burstable/pod${UID}/${'ab'.repeat(32)}`,
      take,
    )
  const learn = (description: object, complete = true) => {
    pods.set(UID, { description, complete })
    directory.onChange?.({ uid: UID })
  }
  return { alerts, told, metadata, state, detector, directory, enter, happen, learn, pods }
}

test('a pod that is already known: nothing waits, and an event that describes the pod follows', async () => {
  const { alerts, told, enter, pods, metadata } = node()
  pods.set(UID, { description: WEB, complete: true })
  enter(20)
  expect(alerts).toEqual(['sh in web-1 of web'])
  // A recording waits for that event.
  expect(metadata.pending).toBeGreaterThan(0)
  await until('the event', () => told.includes('k8s_pod'))
  expect(metadata.counts).toMatchObject({ held: 0, pods: { found: 1 } })
  metadata.close()
})

test('only evaluations that need a pending pod wait, until it is complete, whatever the engines answer', async () => {
  const { alerts, enter, happen, learn, metadata } = node()
  enter(20)
  happen('20 openat fd=3 dirfd=-100 name=/etc/passwd flags=1')
  expect(alerts).toEqual(['sh opened /etc/passwd'])
  learn({ ...WEB, owners: {} }, false)
  await turn()
  expect(alerts.length).toBe(1)
  learn(WEB)
  expect(alerts.slice(1)).toEqual(['sh in web-1 of web'])
  await turn()
  expect(metadata.counts).toMatchObject({ filled: 1, expired: 0, pods: { found: 1 } })
  metadata.close()
})

test('a change of a namespace is announced for its pods', async () => {
  const { alerts, told, enter, learn, pods, directory, metadata } = node()
  learn(WEB)
  enter(20)
  await until('the event', () => told.length === 1)
  pods.set(UID, { description: { ...WEB, owners: { deployment: { name: 'api' } } }, complete: true })
  directory.onChange!({ namespace: 'other' })
  directory.onChange!({ namespace: 'shop' })
  await until('the change', () => told.length === 2)
  enter(21)
  expect(alerts.at(-1)).toBe('sh in web-1 of api')
  expect(metadata.counts.pods).toMatchObject({ found: 1, changed: 1 })
  metadata.close()
})

test.each([
  [true, 'unknown'],
  [false, 'not-synced'],
] as const)('after the window, rules are evaluated without the pod (synced %s, counted as %s)', async (synced, why) => {
  const { alerts, enter, metadata, directory, state, detector } = node({ holdMs: 20 })
  directory.podsSynced = synced
  enter(20)
  await until('the end of the window', () => alerts.length === 2)
  expect(alerts).toEqual(['sh in <NA> of <NA>', 'sh in no deployment'])
  expect(metadata.counts).toMatchObject({ pods: { [why]: 1 } })
  expect(state.tables.containers.pods.get(UID).absence).toBe(why)
  // Evaluations that are held count no absence.
  const said = {
    unknown: 'the API server does not know the pod',
    'not-synced': 'the API server has not listed the pods yet',
  }
  expect(detector.stats().absences).toEqual({ [said[why]]: 2 })
  metadata.close()
})

test('without an API server nothing waits for pods', () => {
  const { alerts, enter, metadata } = node({ pods: undefined as never, holdMs: 0 })
  enter(20)
  expect(alerts).toEqual(['sh in <NA> of <NA>', 'sh in no deployment'])
  metadata.close()
})

/** The blocks of a capture, read as strictly as by libscap: each ends with its length, and only events follow an event. */
function blocksOf(file: Buffer): { readonly type: number; readonly bytes: Buffer }[] {
  const blocks: { type: number; bytes: Buffer }[] = []
  for (let at = 0; at < file.length; ) {
    const [type, length] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)]
    if (length % 4 !== 0 || at + length > file.length || file.readUInt32LE(at + length - 4) !== length)
      throw new Error(`block 0x${type.toString(16)} at ${at} has the length ${length}`)
    if (EVENT_BLOCKS.has(blocks.at(-1)?.type ?? 0) && !EVENT_BLOCKS.has(type))
      throw new Error(`block 0x${type.toString(16)} after an event`)
    blocks.push({ type, bytes: file.subarray(at, at + length) })
    at += length
  }
  return blocks
}

/** Types of event blocks with the current header, and whether flags precede it. */
const EVENT_BLOCKS = new Map([
  [0x216, false],
  [0x217, true],
  [0x221, false],
  [0x222, true],
])
const ASYNCEVENT = 402

/** An event for a plugin, as the event table defines it: the number of the plugin, a name and data, with 32-bit lengths. */
function asyncEventOf({ type, bytes }: { readonly type: number; readonly bytes: Buffer }) {
  const header = bytes.subarray(8 + 2 + (EVENT_BLOCKS.get(type) ? 4 : 0))
  if (header.readUInt16LE(20) !== ASYNCEVENT) return undefined
  const [length, params] = [header.readUInt32LE(16), header.readUInt32LE(22)]
  const lengths = Array.from({ length: params }, (_, i) => header.readUInt32LE(26 + 4 * i))
  let at = 26 + 4 * params
  const values = lengths.map(size => header.subarray(at, (at += size)))
  return { rest: length - at, plugin: values[0]!.readUInt32LE(), texts: values.slice(1).map(String) }
}

test('a pod is recorded as an event that any reader accepts; without it, a replay lacks only its fields', async () => {
  const { state, metadata, enter, happen, pods } = node()
  metadata.onReady = null
  pods.set(UID, { description: WEB, complete: true })
  const path = join(dir, 'strict.scap')
  const writer = new Recorder(path, { state, tap: () => {} })
  const recorder = new WaitingRecorder(writer, metadata)
  enter(20, event => recorder.take(event))
  happen('20 openat fd=3 dirfd=-100 name=/etc/passwd flags=1', event => recorder.take(event))
  await until('what is known', () => metadata.pending === 0)
  recorder.settle()
  recorder.finish()
  writer.close()
  metadata.close()
  const blocks = blocksOf(readFileSync(path))
  expect(blocks[0]!.type).toBe(0x0a0d0d0a)
  const events = blocks.filter(({ type }) => EVENT_BLOCKS.has(type))
  const isPods = (block: (typeof blocks)[number]) => asyncEventOf(block)?.texts[0] === 'k8s_pod\0'
  const [told, ...more] = events.filter(isPods)
  expect(more).toEqual([])
  const { rest, plugin, texts } = asyncEventOf(told!)!
  // Plugin 0 is the source of system calls itself: no plugin has to be loaded.
  expect([rest, plugin, texts.length, JSON.parse(texts[1]!.replace(/\0$/, '')).name]).toEqual([0, 0, 2, 'web-1'])
  const without = join(dir, 'without.scap')
  writeFileSync(without, Buffer.concat(blocks.filter(block => block !== told).map(({ bytes }) => bytes)))
  const lines = async (file: string, format: string) => {
    const text = compileOutput(format, source)
    const all: string[] = []
    const replay = await openCapture(file)
    do while (replay.next()) if (replay.event.thread?.isInvalid === false) all.push(text(replay.event))
    while (await replay.fill())
    replay.close()
    return all
  }
  const known = '%evt.type %evt.args %proc.name %container.id %fd.name'
  expect(await lines(without, known)).toEqual(await lines(path, known))
  expect(await lines(without, '%k8s.pod.name')).toEqual(['<NA>', '<NA>'])
  expect(await lines(path, '%k8s.pod.name')).toEqual(['web-1', 'web-1'])
})

test.each(['before', 'after'] as const)(
  'a replay knows the pod if the recording began %s the first event of the pod',
  async when => {
    const { state, metadata, enter, happen, pods } = node()
    metadata.onReady = null
    pods.set(UID, { description: WEB, complete: true })
    const path = join(dir, `${when}.scap`)
    const record = () => {
      writer = new Recorder(path, { state, tap: () => {} })
      return new WaitingRecorder(writer, metadata)
    }
    let writer: Recorder | undefined
    let recorder: WaitingRecorder
    if (when === 'before') {
      recorder = record()
      enter(20, event => recorder.take(event))
    } else {
      enter(20)
      await until('what is known', () => metadata.pending === 0)
      while (metadata.next() !== null);
      recorder = record()
    }
    happen('20 openat fd=3 dirfd=-100 name=/etc/passwd flags=1', event => recorder.take(event))
    await until('what is known', () => metadata.pending === 0)
    recorder.settle()
    recorder.finish()
    writer!.close()
    metadata.close()
    const text = compileOutput('%evt.type %k8s.pod.name %k8s.deployment.name', source)
    const lines: string[] = []
    const replay = await openCapture(path)
    do while (replay.next()) if (replay.event.thread?.isInvalid === false) lines.push(text(replay.event))
    while (await replay.fill())
    replay.close()
    expect(lines).toEqual([...(when === 'before' ? ['execve web-1 web'] : []), 'openat web-1 web'])
  },
)
