import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEADLINE_MS } from '../../../../scripts/testing/wait.ts'
import type { Announced } from '../../src/containers/description.ts'
import type { Engine } from '../../src/containers/engine.ts'
import { type ContainerMatch, matchCgroup } from '../../src/state/cgroup-matchers.ts'

/** What an engine announces about the container of that name while `act` runs. */
export async function watching(
  engine: Pick<Engine, 'watch'>,
  name: string,
  act: () => Promise<unknown>,
): Promise<Announced | undefined> {
  const told: Announced[] = []
  const stop = new AbortController()
  let ended: Promise<void> = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    const unreadable = () => reject(new Error('an announcement that makes no sense'))
    ended = engine.watch!({ opened: resolve, announced: container => told.push(container), unreadable }, stop.signal)
    ended.catch(reject)
  })
  await act()
  const found = () => told.find(container => container.name === name)
  for (let waited = 0; found() === undefined && waited < DEADLINE_MS; waited += 20) await sleep(20)
  stop.abort()
  await ended.catch(() => {})
  return found()
}

/** The container that a process is in, by its control groups. */
export function cgroupOf(pid: number | string): ContainerMatch | undefined {
  const paths = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n')
  return paths.map(line => matchCgroup(line.split(':')[2]!)).find(found => found !== null) ?? undefined
}
