/** kill -9 at 200 moments of a delivery: every alert arrives, and a receiver that knows IDs has each once. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { nextRecord } from '../../src/queue/record.ts'
import { idOf } from '../transports/numbered.ts'
import { segmentsIn } from './folder.ts'

const KILLS = 50
const root = mkdtempSync(join(tmpdir(), 'falc-kill-'))
const program = join(root, 'killed.mjs')
const seen = new Map<string, Map<string, number>>()
let server: Server
let url = ''

beforeAll(async () => {
  await build({
    input: join(import.meta.dirname, 'killed.ts'),
    platform: 'node',
    logLevel: 'warn',
    resolve: { conditionNames: ['@falc/source', 'node', 'import'] },
    output: { file: program, format: 'esm', codeSplitting: false },
  })
  let requests = 0
  server = createServer(async (request, response) => {
    const body = await text(request)
    // A receiver that is sometimes busy makes alerts wait.
    if (++requests % 40 === 0) return response.writeHead(503).end()
    const ids = seen.get(request.url!) ?? new Map<string, number>()
    seen.set(request.url!, ids)
    const { id } = JSON.parse(body)
    ids.set(id, (ids.get(id) ?? 0) + 1)
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server?.close()
  server?.closeAllConnections()
  rmSync(root, { recursive: true, force: true })
})

/** Starts the program; `saved` is the number up to which alerts are saved, as last reported. */
function start(folder: string, path: string, from: number, to: number) {
  const child = spawn(process.execPath, [program, folder, `${url}${path}`, String(from), String(to)])
  const run = { child, saved: from, errors: 0, error: '', said: Promise.withResolvers<void>() }
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    const last = lines.at(-1)?.split(' ').map(Number)
    if (last) [run.saved, run.errors] = last as [number, number]
    run.said.resolve()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    run.error += chunk
  })
  child.on('close', () => run.said.resolve())
  return run
}

/** @returns how often the disk has failed */
async function survive(path: string, folder: string, afterKill: (saved: number) => void): Promise<number> {
  let [next, errors] = [0, 0]
  for (let kill = 0; kill < KILLS; kill++) {
    const run = start(folder, path, next, next + 1_000_000)
    await run.said.promise
    // Some time after the first alerts, up to some hundreds.
    await sleep(Math.random() * 40)
    run.child.kill('SIGKILL')
    await once(run.child, 'close')
    expect(run.error).toBe('')
    next = run.saved
    errors += run.errors
    afterKill(next)
  }
  const total = next + 20
  const last = start(folder, path, next, total)
  const [code] = await once(last.child, 'close')
  expect([code, last.error]).toEqual([0, ''])
  const ids = seen.get(path)!
  expect([...ids.keys()].sort()).toEqual(Array.from({ length: total }, (_, n) => idOf(n)))
  return errors
}

const LONG = { timeout: 1_200_000 }

test.concurrent('kills lose no alert', LONG, async () => {
  expect(await survive('/plain', join(root, 'plain'), () => {})).toBe(0)
})

test.concurrent('kills lose no alert, in a second folder at the same time', LONG, async () => {
  expect(await survive('/again', join(root, 'again'), () => {})).toBe(0)
})

test.concurrent('kills that tear the last page lose no saved alert', LONG, async () => {
  const folder = join(root, 'torn')
  expect(await survive('/torn', folder, saved => tear(folder, saved))).toBe(0)
})

test.concurrent('kills on a full disk lose no alert', LONG, async context => {
  const mount = join(root, 'small')
  mkdirSync(mount)
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48k,mode=700', 'tmpfs', mount])
  if (skipped('live', status === 0 ? undefined : `a small disk cannot be mounted: ${stderr}`)) return context.skip()
  try {
    expect(await survive('/full', join(mount, 'queue'), () => {})).toBeGreaterThan(0)
  } finally {
    spawnSync('umount', ['-l', mount])
  }
})

/** Like a crash of the machine during a write: cuts off unsaved data at a random place, and appends garbage. */
function tear(folder: string, saved: number): void {
  const path = segmentsIn(folder).at(-1)
  if (path === undefined) return
  const data = readFileSync(path)
  let end = 0
  for (;;) {
    const found = nextRecord(data, end, data.length)
    if (!('number' in found) || Number.parseInt(JSON.parse(found.text).id, 16) >= saved) break
    end = found.end
  }
  truncateSync(path, end + Math.floor(Math.random() * (data.length - end)))
  const garbage = Buffer.from(data.subarray(0, Math.floor(Math.random() * 4096)))
  for (let i = 0; i < garbage.length; i += 1 + Math.floor(Math.random() * 200)) garbage[i]! ^= 0x55
  appendFileSync(path, garbage)
}
