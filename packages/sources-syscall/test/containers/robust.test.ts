/** Whatever an engine answers is a description or a counted failure. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Answer } from '../../src/containers/description.ts'
import { announcedBy } from '../../src/containers/docker-events.ts'
import { openEngines } from '../../src/containers/engines.ts'
import { LookupError } from '../../src/containers/failure.ts'
import { boundMounts, looksPrivileged, sharedNamespaces } from '../../src/containers/oci-spec.ts'
import { encodeMessage, Message } from '../../src/containers/protobuf.ts'

/** FALC_FUZZ_RUNS: answers and messages of each kind (300 and 2,000 by default). */
const runs = (usual: number) => Number(process.env.FALC_FUZZ_RUNS ?? usual)

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

/** JSON in the shape of an answer, with any value in any place. */
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
  '%s',
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
      { numRuns: runs(300) },
    )
    engine!.close()
  },
  30_000 + 5 * runs(300),
)

test('an event of docker announces a container or nothing', () => {
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
    { numRuns: runs(2000) },
  )
})

test('what runc is given is described, whatever it is', () => {
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
    { numRuns: runs(2000) },
  )
})

test('bytes are a message or no message', () => {
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
    { numRuns: runs(2000) },
  )
})

test('what is encoded is read', () => {
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
