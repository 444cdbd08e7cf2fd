import { mkdtempSync, rmSync } from 'node:fs'
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

/** A node whose pods are known as the test says. No container engine answers. */
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

test('a pod that is known already: nothing waits, and the event that tells of it follows', async () => {
  const { alerts, told, enter, pods, metadata } = node()
  pods.set(UID, { description: WEB, complete: true })
  enter(20)
  expect(alerts).toEqual(['sh in web-1 of web'])
  // A recording waits until then.
  expect(metadata.pending).toBeGreaterThan(0)
  await until('the event', () => told.includes('k8s_pod'))
  expect(metadata.counts).toMatchObject({ held: 0, pods: { found: 1 } })
  metadata.close()
})

test('what asks for a pod that is on its way waits until all of it has come, whatever the engines say; nothing else does', async () => {
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

test('a change is told at once; of a namespace, for its pods', async () => {
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
] as const)('at the end of the window they go as they are, and why is counted: pods read %s', async (synced, why) => {
  const { alerts, enter, metadata, directory, state, detector } = node({ holdMs: 20 })
  directory.podsSynced = synced
  enter(20)
  await until('the end of the window', () => alerts.length === 2)
  expect(alerts).toEqual(['sh in <NA> of <NA>', 'sh in no deployment'])
  expect(metadata.counts).toMatchObject({ pods: { [why]: 1 } })
  expect(state.tables.containers.pods.get(UID).absence).toBe(why)
  // Evaluations that were held count nothing.
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

test.each(['before', 'after'] as const)(
  'a recording that begins %s the first event of a pod: a replay knows the pod',
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
