/** Engines that answer or do not: a container's age decides whether it is the one in the alert. */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { enginePort } from '../src/index.ts'
import { folder, shellIn } from './machine.ts'

const ID = '0123456789ab'
const BEFORE = '2026-11-27T10:00:00Z'
const NOW = `${BigInt(Date.parse(BEFORE) + 1000) * 1_000_000n}`

test.each([
  ['before the alert', '2026-11-27T09:00:00Z', 'done', ['GET', 'POST']],
  ['after the alert', '2026-11-27T11:00:00Z', 'refused', ['GET']],
  ['at no time that can be read', 'yesterday', 'refused', ['GET']],
  ['at an unknown time', undefined, 'refused', ['GET']],
])('created %s: only a container known to be older than the alert is killed', async (_, Created, outcome, methods) => {
  const asked: string[] = []
  const socket = join(folder(), 'engine.sock')
  const server = createServer((request, response) => {
    asked.push(request.method!)
    if (request.method === 'POST') response.writeHead(204).end()
    else response.end(JSON.stringify({ Id: `${ID}00`, Created, State: { Running: true } }))
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  onTestFinished(() => void server.close())
  const before = `${BigInt(Date.parse(BEFORE)) * 1_000_000n}`
  const call = { via: 'engine', does: 'kill', container: ID, says: 'kill', before } as const
  const attempt = { dry: false, signal: AbortSignal.timeout(60_000), alert: shellIn(ID) }
  expect(await enginePort({ sockets: [socket], containerd: '/none' })(call, attempt)).toMatchObject({ outcome })
  expect(asked).toEqual(methods)
})

test.each([
  ['refuses the second', 'refuses', { outcome: 'failed', data: { networks: ['back'] } }],
  ['does not answer for the second', 'vanishes', { outcome: 'undecided', data: { networks: ['back', 'front'] } }],
])('an engine that %s of two networks: those that an undo has to connect are known', async (_, second, expected) => {
  const socket = join(folder(), 'engine.sock')
  const Networks = { back: {}, front: {} }
  const server = createServer((request, response) => {
    if (request.method === 'GET')
      response.end(JSON.stringify({ Id: `${ID}00`, Created: BEFORE, NetworkSettings: { Networks } }))
    else if (request.url!.includes('/back/')) response.writeHead(200).end()
    else if (second === 'refuses') response.writeHead(500).end()
    else response.destroy()
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  onTestFinished(() => void server.close())
  const call = { via: 'engine', does: 'disconnect', container: ID, says: 'disconnect', before: NOW } as const
  const attempt = { dry: false, signal: AbortSignal.timeout(60_000), alert: shellIn(ID) }
  expect(await enginePort({ sockets: [socket], containerd: '/none' })(call, attempt)).toMatchObject(expected)
})

test.each([
  ['never comes and the container ends', 'silent', false, 'done'],
  ['is lost and the container has ended', 'lost', false, 'done'],
  ['is lost and the container still runs', 'lost', true, 'undecided'],
])('if an answer %s, the state of the container decides the outcome', async (_, answers, runs, outcome) => {
  const socket = join(folder(), 'engine.sock')
  let asked = false
  const server = createServer((request, response) => {
    if (request.method === 'GET')
      response.end(JSON.stringify({ Id: `${ID}00`, Created: BEFORE, State: { Running: !asked || runs } }))
    else if (answers === 'lost') response.destroy()
    asked ||= request.method === 'POST'
  })
  await new Promise<void>(resolve => server.listen(socket, resolve))
  onTestFinished(() => void server.close())
  const call = { via: 'engine', does: 'kill', container: ID, says: 'kill', before: NOW } as const
  const attempt = { dry: false, signal: AbortSignal.timeout(60_000), alert: shellIn(ID) }
  expect(await enginePort({ sockets: [socket], containerd: '/none' })(call, attempt)).toMatchObject({ outcome })
})
