/** Engines that users run: about whose containers they are trusted, and what they can make falc wait for. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { Lookups } from '../../src/containers/lookups.ts'
import { cgroupOwner } from '../../src/state/cgroup-matchers.ts'
import { ContainerTable } from '../../src/state/container-table.ts'
import { isAlive, missing } from '../live/machine.ts'

const ID = 'c0ffee'.padEnd(64, '0')
const UID = 54321

const groups = (...paths: string[]) => Buffer.from(paths.map(path => `cpu=${path}\0`).join(''))
const SYSTEMS = `/machine.slice/libpod-${ID}.scope`
const USERS = `/user.slice/user-${UID}.slice/user@${UID}.service/user.slice/libpod-${ID}.scope`

test.each([
  [SYSTEMS, null],
  [USERS, UID],
  [`/user.slice/user-0.slice/user@0.service/user.slice/libpod-${ID}.scope`, null],
  [`/user.slice/user-1000.slice/session-2.scope`, null],
])('the owner of %s is %s', (path, owner) => expect(cgroupOwner(path)).toBe(owner))

test('live, a user’s control group is never taken for the system’s container of the same id', () => {
  const table = new ContainerTable()
  table.byOwner = true
  const resolve = (path: string) => table.resolve(groups(path), 0, groups(path).length).container
  const real = resolve(SYSTEMS)
  table.describe(JSON.stringify({ container: { id: real.id, type: 11, image: 'trusted' } }))
  const forged = resolve(USERS)
  expect(forged).not.toBe(real)
  expect(forged.info).toBe(null)
  // A description by the user's own engine applies to the user's container only.
  table.describe(JSON.stringify({ container: { id: real.id, type: 11, image: 'forged', owner_uid: UID } }))
  expect([real.info!.image, forged.info!.image]).toEqual(['trusted', 'forged'])
})

describe.skipIf(missing() !== undefined)('an engine of a user', () => {
  let root: string
  let server: Server
  let answer: string
  const asked: string[] = []
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'falc-user-'))
    chmodSync(root, 0o755)
    const folder = join(root, `run/user/${UID}/podman`)
    mkdirSync(folder, { recursive: true })
    asked.length = 0
    server = createServer((request, response) => {
      asked.push(request.url!)
      response.end(answer)
    })
    await new Promise<void>(resolve => server.listen(join(folder, 'podman.sock'), resolve))
    chmodSync(join(folder, 'podman.sock'), 0o777)
  })
  afterEach(() => {
    delete process.env.FALC_PROBE
    server.closeAllConnections()
    server.close()
    rmSync(root, { recursive: true })
  })

  function lookUp(owner: number | null, timeout = 5000): Promise<string> {
    const engines = openEngines({ docker: [], cri: [] }, 4, root)
    return new Promise(resolve => {
      const end = (outcome: string) => {
        lookups.close()
        engines.close()
        resolve(outcome)
      }
      const lookups = new Lookups(
        engines,
        (_, found, reason) => end(found === null ? reason! : `image ${found.image}`),
        {
          attempts: 1,
          timeout,
        },
      )
      lookups.start({ fullId: ID, runtime: 'podman', owner })
    })
  }

  test('describes that user’s containers', async () => {
    answer = JSON.stringify({ Id: ID, ImageName: 'own' })
    expect(await lookUp(UID)).toBe('image own')
  })

  test('is not asked about the system’s containers', async () => {
    answer = JSON.stringify({ Id: ID, ImageName: 'forged' })
    expect(await lookUp(null)).toBe('no-socket')
    expect(asked).toEqual([])
  })

  test('is not asked about containers of another user', async () => {
    answer = JSON.stringify({ Id: ID, ImageName: 'forged' })
    expect(await lookUp(UID + 1)).toBe('no-socket')
    expect(asked).toEqual([])
  })

  test('is refused when it answers about another container', async () => {
    answer = JSON.stringify({ Id: 'd'.repeat(64), ImageName: 'forged' })
    expect(await lookUp(UID)).toBe('bad-answer')
  })

  test('is refused when its answer is too long', async () => {
    answer = JSON.stringify({ Id: ID, ImageName: 'x'.repeat(300_000) })
    expect(await lookUp(UID)).toBe('bad-answer')
  })

  test('is connected to with the rights of the user', async () => {
    answer = JSON.stringify({ Id: ID, ImageName: 'own' })
    chmodSync(join(root, `run/user/${UID}/podman`), 0o700)
    expect(await lookUp(UID)).toBe('refused')
    expect(asked).toEqual([])
  })

  test('times out when connecting never ends, and the process that connects is killed', async () => {
    const script = join(root, 'hangs')
    const pidFile = join(root, 'pid')
    writeFileSync(script, `#!/bin/sh\necho $$ >${pidFile}\nexec sleep 1000\n`, { mode: 0o755 })
    process.env.FALC_PROBE = script
    expect(await lookUp(UID)).toBe('timeout')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await eventually(() => expect(isAlive(pid)).toBe(false))
  })
})
