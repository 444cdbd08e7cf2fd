/** Whatever an engine answers, the result is a description or a LookupError. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FUZZ_TIMEOUT, fuzzed } from '../../../../scripts/testing/fuzz.ts'
import { Answer } from '../../src/containers/description.ts'
import { announcedBy } from '../../src/containers/docker-events.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { boundMounts, looksPrivileged, sharedNamespaces } from '../../src/containers/oci-spec.ts'
import { encodeMessage, Message } from '../../src/containers/protobuf.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-robust-'))
const socket = join(dir, 'engine.sock')
let answer = ''
const server = createServer((_, response) => response.end(answer))
beforeAll(() => new Promise<void>(resolve => server.listen(socket, resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true })
})

/** JSON in the shape of a response, with any value in any place. */
const inspected = fc.record(
  Object.fromEntries(
    ['Id', 'Name', 'Created', 'Image', 'ImageName', 'Config', 'HostConfig', 'NetworkSettings', 'Mounts'].map(key => [
      key,
      fc.oneof(
        fc.string(),
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('Labels', 'Networks', 'Env', 'Image'), fc.jsonValue()),
      ),
    ]),
  ),
  { requiredKeys: [] },
)

test.each(['docker', 'podman'] as const)(
  'any JSON from %s gives a description or a LookupError',
  async kind => {
    const [engine] = openEngines({ docker: [], podman: [], cri: [], [kind]: [socket] }).system
    await fc.assert(
      fc.asyncProperty(fc.oneof(inspected, fc.jsonValue()), async value => {
        answer = JSON.stringify(value)
        try {
          const found = await engine!.inspect('x', AbortSignal.timeout(2000))
          expect(typeof found.full_id).toBe('string')
          expect(JSON.parse(JSON.stringify(found))).toEqual(found)
        } catch (error) {
          expect(error).toBeInstanceOf(LookupError)
        }
      }),
      fuzzed(300),
    )
    engine!.close()
  },
  FUZZ_TIMEOUT,
)

/** What an engine may send that is not HTTP, or only part of a response. */
const response = fc
  .tuple(
    fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.1 999',
      'HTTP/9.9 200 OK',
      '\u0000',
    ),
    fc.array(
      fc.constantFrom(
        ...['Content-Length: 2', 'Content-Length: -1', 'Content-Length: 99999999999', 'Transfer-Encoding: chunked'],
        ...[
          'Transfer-Encoding: gzip, chunked',
          'Content-Encoding: gzip',
          'Connection: upgrade',
          `X: ${'x'.repeat(20_000)}`,
        ],
        ...['Upgrade: tcp', 'no colon', ' folded: line', 'Location: http://127.0.0.1:1/'],
      ),
      { maxLength: 4 },
    ),
    fc.oneof(
      fc.constantFrom(
        '{}',
        '{"Id":"x"}',
        '5\r\n{"Id"\r\n0\r\n\r\n',
        'ffffffffff\r\n',
        '-1\r\n',
        '['.repeat(50_000),
        '{"Id":',
      ),
      fc.json(),
      fc.string({ unit: 'binary' }),
    ),
    fc.option(fc.nat(), { freq: 4 }),
  )
  .map(([status, headers, body, cut]) => {
    const text = `${[status, ...headers].join('\r\n')}\r\n\r\n${body}`
    return cut === null ? text : text.slice(0, cut % (text.length + 1))
  })

test(
  'any bytes give a description or a LookupError',
  async () => {
    let bytes = ''
    const raw = createRawServer(connection => {
      connection.on('error', () => {})
      connection.once('data', () => connection.end(bytes))
    })
    const path = join(dir, 'raw.sock')
    await new Promise<void>(resolve => raw.listen(path, resolve))
    const [engine] = openEngines({ docker: [path], podman: [], cri: [] }).system
    await fc.assert(
      fc.asyncProperty(response, async text => {
        bytes = text
        try {
          expect(typeof (await engine!.inspect('x', AbortSignal.timeout(2000))).full_id).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(LookupError)
        }
      }),
      fuzzed(300),
    )
    engine!.close()
    raw.close()
  },
  FUZZ_TIMEOUT,
)

test('any event of docker announces a container or nothing', () => {
  const attributes = fc.dictionary(
    fc.constantFrom('image', 'name', 'podId', 'tier'),
    fc.oneof(fc.string(), fc.jsonValue()),
  )
  const actor = fc.record({
    ID: fc.oneof(fc.string(), fc.jsonValue()),
    Attributes: fc.oneof(attributes, fc.jsonValue()),
  })
  const event = fc.record({ Action: fc.string(), Actor: fc.oneof(actor, fc.jsonValue()), time: fc.jsonValue() })
  fc.assert(
    fc.property(
      fc.oneof(
        event.map(value => JSON.stringify(value)),
        fc.json(),
        fc.string(),
      ),
      text => {
        const announced = announcedBy(text, 0, 100)
        if (announced !== null) expect(JSON.parse(JSON.stringify(announced))).toEqual(announced)
      },
    ),
    fuzzed(2000),
  )
})

test('any specification for runc gives well-typed flags', () => {
  const entries = fc.oneof(
    fc.array(fc.oneof(fc.record({ type: fc.constantFrom('bind', 'pid'), path: fc.jsonValue() }), fc.jsonValue())),
    fc.jsonValue(),
  )
  const spec = fc.record(
    {
      mounts: entries,
      linux: fc.record({ namespaces: entries, maskedPaths: fc.jsonValue() }),
      process: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(spec, fc.jsonValue()), value => {
      const answer = new Answer(value)
      expect(typeof looksPrivileged(answer)).toBe('boolean')
      for (const flag of Object.values(sharedNamespaces(answer))) expect(typeof flag).toBe('boolean')
      for (const { RW } of boundMounts(answer)) expect(typeof RW).toBe('boolean')
    }),
    fuzzed(2000),
  )
})

test('any bytes are read as a message or give a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      try {
        const message = new Message(bytes)
        for (let field = 0; field < 20; field++) {
          message.number(field)
          message.text(field)
          message.messages(field)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
    fuzzed(2000),
  )
})

test('an encoded message is read back', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.boolean(), (text, flag) => {
      const message = new Message(
        encodeMessage([
          [1, text],
          [2, flag],
        ]),
      )
      expect(message.text(1)).toBe(Buffer.from(text).toString())
      expect(message.number(2)).toBe(flag ? 1n : 0n)
    }),
  )
})
