/** Environments that no rule reads are left out in the kernel, and read once a rule needs one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Engine } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PPME } from '../../src/events/ids.ts'
import { EVENTS } from '../../src/events/table.ts'
import { type Live, openLive } from '../../src/live/open-live.ts'
import { syscall } from '../../src/source.ts'
import { missing, until } from './machine.ts'

const source = syscall()

function load(condition: string, output: string) {
  const engine = new Engine({ sources: [source] })
  const rule = { rule: 'R', desc: 'd', condition, output, priority: 'INFO' }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  const fields = engine.fieldsRead(source)
  return { wanted: engine.wantedTypes(source), unmatched: engine.unmatched(source), fields }
}

const ENV = EVENTS[PPME.SYSCALL_EXECVE_19_X]!.params.findIndex(({ name }) => name === 'env')
const STARTS = 'evt.type in (execve, execveat)'
const WITHOUT = load(STARTS, '%proc.cmdline %evt.arg.flags')

describe.skipIf(missing() !== undefined)('an environment', () => {
  const children: ChildProcess[] = []
  let live: Live
  beforeAll(async () => {
    run('before')
    live = await openLive(WITHOUT)
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await live.close()
  })

  /** Starts a program that keeps running. */
  function run(mark: string): number {
    const child = spawn('sleep', ['1000'], { env: { ...process.env, MARK: mark } })
    children.push(child)
    return child.pid!
  }

  /** Does the same and reads events up to its start; `bytes` is the size of the environment in that event. */
  async function start(mark: string): Promise<{ pid: number; bytes: number }> {
    const pid = run(mark)
    const { bytes } = await until('its start', async () => {
      await live.fill()
      while (live.next()) {
        const { event } = live
        if (event.tid === pid && event.result === 0) return { bytes: event.paramLength(ENV) }
      }
      return undefined
    })
    return { pid, bytes }
  }

  const environmentOf = (pid: number) =>
    live.state.tables.threads.get(pid)!.env.filter(text => text.startsWith('MARK='))

  test('is left out if no rule reads one', async () => {
    const { pid, bytes } = await start('first')
    expect(bytes).toBe(0)
    expect(environmentOf(pid)).toEqual([])
    expect(environmentOf(children[0]!.pid!)).toEqual([])
  })

  test.each([
    ['of a process', load(`${STARTS} and proc.env contains MARK`, '%proc.name')],
    ['of a parent', load(STARTS, '%proc.aenv[MARK]')],
    ['from the event', load(STARTS, '%evt.args')],
    ['from the event by its name', load(STARTS, '%evt.arg.env')],
  ])('is wanted if a rule reads it %s', async (_, rules) => {
    const other = await openLive(rules)
    try {
      expect(other.state.tables.keepsEnvironments).toBe(true)
    } finally {
      await other.close()
    }
  })

  test('of a running process is read when a rule that reads one is added', async () => {
    const { pid } = await start('second')
    const { wanted, unmatched, fields } = load(`${STARTS} and proc.env contains MARK`, '%proc.name')
    live.want(wanted, unmatched, fields)
    await until('the environment', async () => {
      await live.fill()
      while (live.next());
      return environmentOf(pid).length > 0
    })
    expect(environmentOf(pid)).toEqual(['MARK=second'])
    expect(environmentOf(children[0]!.pid!)).toEqual(['MARK=before'])
    const later = await start('third')
    expect(environmentOf(later.pid)).toEqual(['MARK=third'])
  })
})
