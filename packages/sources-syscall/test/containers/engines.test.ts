import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { patient } from '../../../../scripts/testing/wait.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { encodeText } from './message.ts'

const ID = 'c0ffee'.padEnd(64, '0')

/** `answers` of the engine, `description` of the container (the keys that matter) or the reason why there is none. */
const casesOf = (name: string) => readCaseFile(new URL(`cases/${name}`, import.meta.url))
const withId = (text: string) => text.replaceAll('{id}', ID)

let dir: string
let socket: string
let stop: () => void
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-engine-'))
  socket = join(dir, 'engine.sock')
})
afterEach(() => {
  stop()
  rmSync(dir, { recursive: true })
})

/** The description as the case's words, or the reason why there is none. */
async function inspected(kind: 'docker' | 'cri', expected: string): Promise<string> {
  const [engine] = openEngines({ docker: [], podman: [], cri: [], [kind]: [socket] }).system
  try {
    const found = await engine!.inspect(ID, patient())
    expect(found.full_id).toBe(ID)
    expect(found.id).toBe(ID.slice(0, 12))
    const keys = [...expected.matchAll(/(?:^| )(\w+)=/g)].map(([, key]) => key!).filter(key => key in found)
    const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
    return keys
      .map(key => `${key}=${text(found[key])}`)
      .join(' ')
      .replaceAll(ID, '{id}')
  } catch (error) {
    if (error instanceof LookupError) return error.reason
    throw error
  } finally {
    engine!.close()
  }
}

describe('docker', () => {
  test.each(casesOf('docker.txt'))('$title', async one => {
    const lines = withId(one.text('answers')).split('\n')
    const answers = new Map(
      lines.flatMap((line, i) => (line.startsWith('GET ') ? [[line.slice(4), lines[i + 1]!]] : [])),
    )
    const server = createServer((request, response) => {
      const body = answers.get(request.url!)
      response.writeHead(body === undefined ? 404 : 200)
      response.end(body ?? '{"message": "no such thing"}')
    })
    await new Promise<void>(resolve => server.listen(socket, resolve))
    stop = () => {
      server.closeAllConnections()
      server.close()
    }
    one.expect('description', await inspected('docker', withId(one.text('description'))))
  })
})

describe('container runtime interface', () => {
  test.each(casesOf('cri.txt'))('$title', async one => {
    const lines = withId(one.text('answers')).split('\n')
    const answers = new Map(lines.map(line => [line.split(' ', 1)[0]!, line.slice(line.indexOf(' ') + 1)]))
    const asked: string[] = []
    const server = createHttp2Server()
    server.on('stream', (stream, headers) => {
      const method = headers[':path']!.replace('/runtime.v1.RuntimeService/', '')
      asked.push(method)
      const answer = answers.get(method)
      const other = method.startsWith('/')
      const status = other ? 12 : answer === undefined ? 5 : answer.startsWith('?') ? Number(answer.slice(1)) : 0
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }))
      if (status !== 0) return stream.end()
      const message = answer === method ? Buffer.alloc(0) : encodeText(answer!)
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(message.length, 1)
      stream.end(Buffer.concat([prefix, message]))
    })
    await new Promise<void>(resolve => server.listen(socket, resolve))
    stop = () => server.close()
    one.expect('description', await inspected('cri', withId(one.text('description'))))
    expect(asked[0]).toBe('Version')
  })
})
