import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { type AuditEvent, AuditLogDecoder, type AuditProblem, readAuditStream } from '../src/index.ts'

/** `log`; `result`: the auditIDs of its events and, per problem, its line and cause. */
const cases = readCaseFile(new URL('cases/logs/logs.txt', import.meta.url))

function decode(
  chunks: Iterable<Uint8Array>,
  options = {},
): { events: AuditEvent[]; problems: AuditProblem[]; decoder: AuditLogDecoder } {
  const problems: AuditProblem[] = []
  const decoder = new AuditLogDecoder({ onProblem: problem => problems.push(problem), ...options })
  const events = [...chunks].flatMap(chunk => decoder.push(chunk))
  return { events: [...events, ...decoder.end()], problems, decoder }
}

const shown = ({ events, problems }: { events: AuditEvent[]; problems: AuditProblem[] }): string[] => [
  `events ${events.map(event => event.root.auditID).join(' ')}`,
  ...problems.map(({ line, cause }) => `${line} ${cause}`),
]

describe.each([
  ['lines that end in LF', '\n'],
  ['lines that end in CRLF', '\r\n'],
])('%s', (_, end) => {
  test.each(cases)('$title', one => {
    const bytes = new TextEncoder().encode(one.text('log').replaceAll('\n', end))
    const whole = decode([bytes])
    one.expect('result', shown(whole).join('\n'))
    const single = [...bytes].map(byte => Uint8Array.of(byte))
    expect(shown(decode(single))).toEqual(shown(whole))
    const { stats } = whole.decoder
    expect(stats.bytes).toBe(bytes.length)
    expect(stats.events).toBe(whole.events.length)
    expect(Object.values(stats.rejected).reduce((a, b) => a + b)).toBe(whole.problems.length)
  })
})

test('two lists on one line give the events of both, at any length, even with bad items in the first', () => {
  const list = (...items: unknown[]) => JSON.stringify({ kind: 'EventList', items })
  const event = (auditID: string, length: number) => ({ kind: 'Event', auditID, requestURI: '/'.repeat(length) })
  for (const length of [10, 100_000, 1_000_000])
    for (const bad of [[], [5], [5, null]]) {
      const line = `${list(event('a', length), ...bad, event('b', 1))} ${list(event('c', length))}\n`
      const { events, problems } = decode([new TextEncoder().encode(line)])
      expect(events.map(({ root }) => root.auditID)).toEqual(['a', 'b', 'c'])
      expect(problems.map(({ cause }) => cause)).toEqual(bad.map(() => 'not-an-event'))
    }
})

test('the caller may reuse the memory of a chunk', () => {
  const decoder = new AuditLogDecoder()
  const buffer = new TextEncoder().encode('{"auditID":')
  decoder.push(buffer)
  buffer.fill(0)
  expect(decoder.push(new TextEncoder().encode('"1"}\n'))[0]?.root).toEqual({ auditID: '1' })
})

test('characters that are split between chunks stay whole', () => {
  const bytes = new TextEncoder().encode('{"auditID":"ä€𝄞"}')
  for (let i = 0; i < bytes.length; i++)
    expect(decode([bytes.subarray(0, i), bytes.subarray(i)]).events[0]?.root.auditID).toBe('ä€𝄞')
})

describe('too large:', () => {
  const small = { maxDocumentSize: 100 }
  const bytes = (text: string) => new TextEncoder().encode(text)
  const long = `{"auditID":"1","x":"${'x'.repeat(200)}"}`

  test('a line', () => {
    const lines = bytes(`{"auditID":"0"}\n${long}\n{"auditID":"2"}\n`)
    const pieces = Array.from({ length: Math.ceil(lines.length / 30) }, (_, i) => lines.subarray(i * 30, i * 30 + 30))
    expect(shown(decode(pieces, small))).toEqual(['events 0 2', '2 too-large'])
  })

  test('a document over several lines', () => {
    const log = `{\n${'"a": 1,\n'.repeat(40)}"auditID":"1"}\n{"auditID":"2"}`
    expect(shown(decode([bytes(log)], small))).toEqual(['events 2', '1 too-large'])
  })

  test('a line of 100 MB is counted once, and the next line is read', () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x61)
    const decoder = new AuditLogDecoder({ maxDocumentSize: 2 * 1024 * 1024 })
    for (let i = 0; i < 100; i++) decoder.push(chunk)
    expect(decoder.push(bytes('\n{"auditID":"1"}\n'))).toHaveLength(1)
    expect(decoder.stats.rejected['too-large']).toBe(1)
  })

  test('an event keeps all its values, and is cut only when it is printed', () => {
    const { events } = decode([bytes(long)], { maxEventSize: 100 })
    expect(events[0]!.root).toEqual(JSON.parse(long))
    expect(events[0]!.printed()).toBe('{"auditID":"1","x":"<cut: 202 bytes>"}')
  })
})

test('any bytes give the same events and problems in any pieces, and good lines after them are found', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      '\n',
      ',',
      ':',
      ' ',
      '{"auditID":"x"}',
      '{"kind":"Event","auditID":"y"}\n',
      '\ufffd',
    ),
    fc.string(),
    fc.json(),
  )
  fc.assert(
    fc.property(fc.array(piece), fc.integer({ min: 1, max: 20 }), (pieces, size) => {
      const bytes = new TextEncoder().encode(
        `${pieces.join('')}\n{"kind":"Event","auditID":"last"}\n{"kind":"Event","auditID":"last"}\n`,
      )
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      const whole = decode([bytes])
      expect(shown(decode(parts))).toEqual(shown(whole))
      if (!pieces.join('').trimStart().startsWith('[')) expect(whole.events.at(-1)?.root.auditID).toBe('last')
    }),
    { numRuns: 3000 },
  )
})

describe('a stream', () => {
  async function* chunks(...texts: string[]) {
    for (const text of texts) yield new TextEncoder().encode(text)
  }

  test('yields its events', async () => {
    const input = readAuditStream(chunks('{"auditID":"1"}\n{"aud', 'itID":"2"}'))
    const ids: unknown[] = []
    for await (const event of input) ids.push(event.root.auditID)
    expect(ids).toEqual(['1', '2'])
    expect(input.stats.events).toBe(2)
  })

  test('ends when its signal aborts, even if no more bytes arrive', async () => {
    const stop = new AbortController()
    async function* endless() {
      yield new TextEncoder().encode('{"auditID":"1"}\n')
      await new Promise(() => undefined)
    }
    const ids: unknown[] = []
    for await (const event of readAuditStream(endless(), { signal: stop.signal })) {
      ids.push(event.root.auditID)
      setTimeout(() => stop.abort(), 5)
    }
    expect(ids).toEqual(['1'])
  })

  test('passes on the error of its input', async () => {
    async function* broken() {
      yield new TextEncoder().encode('{"auditID":"1"}\n')
      throw new Error('pipe')
    }
    const ids: unknown[] = []
    await expect(
      (async () => {
        for await (const event of readAuditStream(broken())) ids.push(event.root.auditID)
      })(),
    ).rejects.toThrow('pipe')
    expect(ids).toEqual(['1'])
  })
})
