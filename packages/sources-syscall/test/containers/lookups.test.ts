import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { until } from '../../../../scripts/testing/wait.ts'
import type { ContainerDescription } from '../../src/containers/description.ts'
import type { Engine, EngineKind } from '../../src/containers/engine.ts'
import { Engines, openEngines } from '../../src/containers/engines.ts'
import { LookupError, type LookupReason } from '../../src/containers/failure.ts'
import { type LookupOptions, Lookups } from '../../src/containers/lookups.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-lookups-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** An engine that answers with these outcomes in turn, and then always with the last; each time once `ready` has resolved. */
function engine(
  kind: EngineKind,
  outcomes: readonly (LookupReason | 'found')[],
  ready: Promise<unknown> = Promise.resolve(),
): Engine & { asked: number } {
  const made = {
    kind,
    socket: `/${kind}`,
    owner: null,
    asked: 0,
    present: () => outcomes[0] !== 'no-socket',
    async inspect(id: string) {
      const outcome = outcomes[Math.min(made.asked++, outcomes.length - 1)]!
      await ready
      if (outcome !== 'found') throw new LookupError(outcome, kind)
      return { name: `${kind}-${id}`, full_id: id } as ContainerDescription
    },
    close: () => {},
  }
  return made
}

async function lookUp(engines: readonly Engine[], runtime: string, options: LookupOptions = {}): Promise<string> {
  return new Promise(resolve => {
    const lookups = new Lookups(new Engines(engines), (_, found, reason) => resolve(found?.name ?? reason!), {
      backoff: 1,
      ...options,
    })
    lookups.start({ fullId: 'x', runtime, owner: null })
  })
}

describe('one look-up', () => {
  test.each([
    ['podman', { podman: ['found'] }, 'podman-x', { podman: 1 }],
    ['podman', { docker: ['found'] }, 'no-socket', { docker: 0 }],
    ['podman', { podman: ['no-socket'] }, 'no-socket', { podman: 0 }],
    ['docker', { docker: ['not-found'], cri: ['found'] }, 'cri-x', { docker: 1, cri: 1 }],
    ['cri', { docker: ['found'], cri: ['refused', 'found'] }, 'docker-x', { docker: 1, cri: 1 }],
    ['podman', { podman: ['refused', 'not-found', 'timeout', 'found'] }, 'podman-x', { podman: 4 }],
    ['podman', { podman: ['not-found'] }, 'not-found', { podman: 8 }],
    ['podman', { podman: ['bad-answer', 'found'] }, 'bad-answer', { podman: 1 }],
    ['docker', { docker: ['timeout'], cri: ['not-found'] }, 'timeout', { docker: 8, cri: 8 }],
    ['unheard-of', { docker: ['found'] }, 'no-socket', { docker: 0 }],
  ] as [string, Partial<Record<EngineKind, (LookupReason | 'found')[]>>, string, Record<string, number>][])(
    'runtime %s, engines %j: %s',
    async (runtime, kinds, expected, asked) => {
      const engines = Object.entries(kinds).map(([kind, outcomes]) => engine(kind as EngineKind, outcomes))
      expect(await lookUp(engines, runtime)).toBe(expected)
      expect(Object.fromEntries(engines.map(({ kind, asked }) => [kind, asked]))).toEqual(asked)
    },
  )
})

test('look-ups run a few at a time from a bounded queue, and all are counted', async () => {
  const { promise: ready, resolve: answer } = Promise.withResolvers<void>()
  const slow = engine('podman', ['found'], ready)
  const ended: string[] = []
  const lookups = new Lookups(new Engines([slow]), ({ fullId }, _, reason) => ended.push(reason ?? fullId), {
    concurrency: 2,
    queue: 3,
  })
  for (let i = 0; i < 7; i++) lookups.start({ fullId: String(i), runtime: 'podman', owner: null })
  expect(ended).toEqual([])
  expect(slow.asked).toBe(2)
  expect(lookups.pending).toBe(5)
  await until('the queue is full', () => ended.length === 2)
  answer()
  await until('the end of all', () => ended.length === 7)
  expect(ended).toEqual(['queue-full', 'queue-full', '0', '1', '2', '3', '4'])
  expect(lookups.counts).toMatchObject({ found: 5, 'queue-full': 2 })
  expect(lookups.pending).toBe(0)
})

test('an engine that hangs delays no other engine', async () => {
  const ended: string[] = []
  const lookups = new Lookups(
    new Engines([engine('docker', ['found'], new Promise(() => {})), engine('podman', ['found'])]),
    (_, found) => ended.push(found!.name),
    { concurrency: 1 },
  )
  for (const runtime of ['docker', 'docker', 'podman']) lookups.start({ fullId: 'x', runtime, owner: null })
  await until('one', () => ended.length > 0)
  expect(ended).toEqual(['podman-x'])
  lookups.close()
})

test('a user’s engine is given a rest after each look-up, also when no other waits', async () => {
  const asked: string[] = []
  const podman: Engine = {
    ...{ kind: 'podman', socket: '/podman', owner: 1000, present: () => true, close: () => {} },
    inspect(id) {
      asked.push(id)
      return Promise.resolve({ full_id: id } as ContainerDescription)
    },
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const lookups = new Lookups(new Engines([], () => [podman]), () => end())
  lookups.start({ fullId: 'x', runtime: 'podman', owner: 1000 })
  await ended
  lookups.start({ fullId: 'y', runtime: 'podman', owner: 1000 })
  expect(asked).toEqual(['x'])
  await until('the other one', () => asked.length === 2)
  lookups.close()
})

test('a look-up is woken by its announcement, whatever a user has named after the container', async () => {
  const podman = engine('podman', ['refused', 'found'])
  const users = { ...engine('podman', ['found']), owner: 1000 }
  const lookups = new Lookups(new Engines([podman], () => [users]), () => {}, { backoff: 60_000 })
  for (const owner of [null, 1000]) lookups.start({ fullId: 'x', runtime: 'podman', owner })
  await turn()
  lookups.wake('x')
  await turn()
  expect(podman.asked).toBe(2)
  lookups.close()
})

test('after close, no result of a look-up is passed on', async () => {
  const ended: unknown[] = []
  const { promise: ready, resolve: answer } = Promise.withResolvers<void>()
  const podman = engine('podman', ['found'], ready)
  const lookups = new Lookups(new Engines([podman]), wanted => ended.push(wanted))
  lookups.start({ fullId: 'x', runtime: 'podman', owner: null })
  lookups.close()
  answer()
  await turn()
  lookups.start({ fullId: 'y', runtime: 'podman', owner: null })
  await turn()
  expect(podman.asked).toBe(1)
  expect(ended).toEqual([])
})

describe.each(['podman', 'cri'] as const)('a %s socket that', kind => {
  const ask = (socket: string, timeout = 60_000) =>
    lookUp(openEngines({ docker: [], podman: [], cri: [], [kind]: [socket] }).system, kind, { attempts: 1, timeout })

  test('does not exist: no-socket', async () => {
    expect(await ask(join(dir, 'none.sock'))).toBe('no-socket')
  })

  test('is a plain file: refused or no-socket', async () => {
    writeFileSync(join(dir, `${kind}.file`), '')
    expect(['refused', 'no-socket']).toContain(await ask(join(dir, `${kind}.file`)))
  })

  test('never answers: timeout', async () => {
    const server = createServer(() => {})
    await new Promise<void>(resolve => server.listen(join(dir, `${kind}-mute.sock`), resolve))
    expect(await ask(join(dir, `${kind}-mute.sock`), 100)).toBe('timeout')
    server.close()
  })

  test('hangs up: refused or bad-answer', async () => {
    const server = createServer(connection => connection.destroy())
    await new Promise<void>(resolve => server.listen(join(dir, `${kind}-shut.sock`), resolve))
    expect(['refused', 'bad-answer']).toContain(await ask(join(dir, `${kind}-shut.sock`)))
    server.close()
  })

  test('sends garbage: bad-answer', async () => {
    const server = createServer(connection => {
      connection.on('error', () => {})
      connection.write('ICY 200 OK\n\n'.repeat(100))
    })
    await new Promise<void>(resolve => server.listen(join(dir, `${kind}-odd.sock`), resolve))
    expect(await ask(join(dir, `${kind}-odd.sock`))).toBe('bad-answer')
    server.close()
  })
})
