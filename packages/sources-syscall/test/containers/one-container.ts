import { setImmediate as turn } from 'node:timers/promises'
import { Engine as Detector } from '@falc/engine'
import type { Announced, ContainerDescription } from '../../src/containers/description.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { Engines } from '../../src/containers/engines.ts'
import { ContainerMetadata, type MetadataOptions } from '../../src/containers/metadata.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { syscall } from '../../src/source.ts'
import { SyscallState } from '../../src/state/state.ts'

export const source = syscall()
export const ID = 'ab'.repeat(32)
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

/** A machine with one container. Its engine answers and announces when the test calls `reply` and `hear`. */
export function oneContainer(options: MetadataOptions = {}, seen?: Partial<ContainerDescription>) {
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

/** The container, as its engine describes it. */
export const SHOP = { id: ID.slice(0, 12), full_id: ID, type: 11, name: 'shop-1', imagerepo: 'shop', imagetag: '1' }
/** The exec of a process in the container. */
export const enter = (tid: number, comm: string) =>
  `${tid} execve res=0 exe=/bin/${comm} comm=${comm} tid=${tid} pid=${tid} ptid=10 cgroups=cpu=/libpod_parent/libpod-${ID}`
