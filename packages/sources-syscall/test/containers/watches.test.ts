/** Connections over which engines announce containers: renewed when they break, counted, and not what keeps a program running. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { announcedBy } from '../../src/containers/docker-events.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { Watches } from '../../src/containers/watches.ts'
import { encodeText } from './message.ts'

const ID = 'c0ffee'.padEnd(64, '0')

describe('docker: an event', () => {
  test.each(readCaseFile(new URL('cases/docker-events.txt', import.meta.url)))('$title', one => {
    const announced = announcedBy(one.text('event').replaceAll('{id}', ID), 0, 100)
    one.expect('announced', announced === null ? 'nothing' : JSON.stringify(announced).replaceAll(ID, '{id}'))
  })
})

let dir: string
let socket: string
let server: Server
let open: ServerResponse[] = []
const watched: string[] = []
let watches: Watches
const EVENT = `{"Action":"create","Actor":{"ID":"${ID}","Attributes":{"image":"a/b:1","name":"shop"}}}\n`

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-watches-'))
  socket = join(dir, 'engine.sock')
  watched.length = 0
})
afterEach(() => {
  watches?.close()
  server?.closeAllConnections()
  server?.close()
  rmSync(dir, { recursive: true })
})

/** A docker that streams what tests write to the responses in `open`. */
async function listen(answer = (response: ServerResponse) => response.writeHead(200).flushHeaders()): Promise<void> {
  open = []
  server = createServer((_, response) => {
    open.push(response)
    answer(response)
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
}

function watch(kind: 'docker' | 'cri'): Watches {
  const engines = openEngines({ docker: [], podman: [], cri: [], [kind]: [socket] }).system
  watches = new Watches(engines, (_, { name }) => watched.push(name), { backoff: 10 })
  return watches
}

test('an engine that starts late, and restarts, is watched each time', async () => {
  const { counts } = watch('docker')
  await listen()
  await eventually(() => expect(open.length).toBe(1))
  open[0]!.write(EVENT)
  await eventually(() => expect(watched.length).toBe(1))
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  expect(existsSync(socket)).toBe(false)
  await listen()
  await eventually(() => expect(open.length).toBe(1))
  open[0]!.write(EVENT.slice(0, 20))
  await sleep(10)
  open[0]!.write(EVENT.slice(20) + EVENT)
  await eventually(() => expect(watched.length).toBe(3))
  expect(watched).toEqual(['shop', 'shop', 'shop'])
  expect(counts).toEqual({ connected: 2, lost: 1, refused: 0, unsupported: 0, unreadable: 0 })
})

test('an engine counts as present while it is connected, even if its socket is out of sight', async () => {
  await listen()
  const [engine] = openEngines({ docker: [socket], podman: [], cri: [] }).system
  watches = new Watches([engine!], () => {}, { backoff: 10 })
  await eventually(() => expect(watches.counts.connected).toBe(1))
  // As after --user, when the folder is root's.
  unlinkSync(socket)
  expect(engine!.present()).toBe(true)
  server.closeAllConnections()
  await eventually(() => expect(watches.counts.lost).toBe(1))
  expect(engine!.present()).toBe(false)
})

test('an engine that refuses is queried again after growing pauses', async () => {
  const asked: number[] = []
  await listen(response => {
    asked.push(performance.now())
    response.writeHead(500).end()
  })
  const { counts } = watch('docker')
  await eventually(() => expect(counts.refused).toBeGreaterThanOrEqual(5))
  // Pauses of 10, 20, 40 and 80 ms at least.
  expect(asked[4]! - asked[0]!).toBeGreaterThan(140)
})

test.each([
  ['has no such endpoint', (response: ServerResponse) => response.writeHead(404).end()],
  ['closes the stream at once', (response: ServerResponse) => response.writeHead(200).end()],
])('an engine that %s is not queried again', async (_, answer) => {
  await listen(answer)
  const { counts } = watch('docker')
  await eventually(() => expect(counts.unsupported).toBe(1))
  await sleep(100)
  expect(open.length).toBe(1)
})

test('unreadable events are counted', async () => {
  await listen()
  const { counts } = watch('docker')
  await eventually(() => expect(open.length).toBe(1))
  open[0]!.write(`<html>\n{"Actor": 7}\n\n${EVENT}`)
  await eventually(() => expect(watched.length).toBe(1))
  expect(counts.unreadable).toBe(2)
})

test('an overlong line closes the connection', async () => {
  await listen()
  const { counts } = watch('docker')
  await eventually(() => expect(open.length).toBe(1))
  open[0]!.write(EVENT)
  open[0]!.write('x'.repeat(300 << 10))
  await eventually(() => expect(counts.lost).toBe(1))
})

test('events of the container runtime interface, as CRI-O sends them, announce containers', async () => {
  const events = [
    `1="${ID}" 2=0 4={1="pod-1" 2={1="web-1" 2="uid-7" 3="prod"} 5={1="10.1.2.3"} 7={1="team" 2="blue"}} 5={1="other"} 5={1="${ID}" 2={1="front"} 8={1="quay.io/x/web:3"} 12={1="app" 2="shop"}}`,
    `1="pod-1" 2=1 4={1="pod-1" 2={1="web-1" 2="uid-7" 3="prod"}}`,
    `1="${ID}" 2=2 4={1="pod-1"} 5={1="${ID}" 2={1="stopped"}}`,
    `1="unknown" 2=0 4={1="pod-1"}`,
  ]
  const engine = createHttp2Server()
  engine.on('stream', (stream, headers) => {
    const version = headers[':path']!.endsWith('/Version')
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: version })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    for (const text of version ? ['2="cri-o"'] : events) {
      const message = encodeText(text)
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(message.length, 1)
      // Pieces of the stream do not end where messages do.
      stream.write(prefix.subarray(0, 3))
      stream.write(Buffer.concat([prefix.subarray(3), message]))
    }
    if (version) stream.end()
  })
  await new Promise<void>(resolve => engine.listen(socket, resolve))
  const [cri] = openEngines({ docker: [], podman: [], cri: [socket] }).system
  const told: object[] = []
  watches = new Watches([cri!], (_, container) => told.push(container))
  await eventually(() => expect(told.length).toBe(2))
  expect(told).toEqual([
    expect.objectContaining({
      type: 8,
      full_id: ID,
      name: 'front',
      image: 'quay.io/x/web:3',
      imagerepo: 'quay.io/x/web',
      ip: '10.1.2.3',
      pod_sandbox_id: 'pod-1',
      pod_sandbox_labels: { team: 'blue' },
      labels: {
        app: 'shop',
        'io.kubernetes.pod.name': 'web-1',
        'io.kubernetes.pod.namespace': 'prod',
        'io.kubernetes.pod.uid': 'uid-7',
        'io.kubernetes.sandbox.id': 'pod-1',
      },
    }),
    expect.objectContaining({ full_id: 'pod-1', name: 'web-1', is_pod_sandbox: true }),
  ])
  for (const container of told) expect(container).not.toHaveProperty('privileged')
  expect(watches.counts).toMatchObject({ connected: 1, unreadable: 1 })
  cri!.close()
  engine.close()
})

test('an open connection does not keep a program running', async () => {
  await listen()
  const door = fileURLToPath(new URL('../../src/containers/', import.meta.url))
  const program = `
    import { openEngines } from '${door}engines.ts'
    import { Watches } from '${door}watches.ts'
    const engines = openEngines({ docker: ['${socket}'], podman: ['${dir}/none.sock'], cri: [] }).system
    const other = setInterval(() => {}, 1000)
    const watches = new Watches(engines, (_, { name }) => {
      console.log(name, watches.counts.connected)
      clearInterval(other)
    })
  `
  const args = ['--conditions=@falc/source', '--no-warnings', '--input-type=module', '-e', program]
  const ended = promisify(execFile)(process.execPath, args)
  await eventually(() => expect(open.length).toBe(1))
  open[0]!.write(EVENT)
  expect((await ended).stdout).toBe('shop 1\n')
})
