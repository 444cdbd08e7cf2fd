import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { AuditError, k8sAudit, parseAuditBody, parseAuditEvents } from '../src/index.ts'
import { readBody, type Slice } from '../src/parse.ts'

/** `body`; `result`: the auditIDs of its events and its problems; `strict`: the problems of a strict reading, where it differs. */
const cases = readCaseFile(new URL('cases/bodies/bodies.txt', import.meta.url))

describe('bodies', () => {
  test.each(cases)('$title', one => {
    const { events, problems } = parseAuditBody(one.text('body'))
    const ids = events.map(event => event.root.auditID ?? '').join(' ')
    const shown = problems.map(({ index, cause, message }) =>
      cause === 'bad-json' ? cause : `${index === undefined ? '' : `${index} `}${cause}: ${message}`,
    )
    const lines = events.length > 0 || problems.length === 0 ? [`events ${ids}`.trim(), ...shown] : shown
    one.expect('result', lines.join('\n'))
    if (one.sections.has('strict')) {
      const strict = parseAuditBody(one.text('body'), { strict: true })
      one.expect('strict', strict.problems.map(p => `${p.cause}: ${p.message}`).join('\n'))
    }
  })
})

test('a body without any event throws an error with the reason', () => {
  expect(() => parseAuditEvents('{"kind":"Event"')).toThrow(AuditError)
  expect(() => parseAuditEvents('[1,2]')).toThrow('item 0: a number is not an audit event (and 1 more)')
  const error = expect.objectContaining({ cause: 'not-an-event', problems: [expect.anything()] })
  expect(() => parseAuditEvents('42')).toThrow(error)
})

test('bad items of a list are reported, and the good ones returned', () => {
  const reported: unknown[] = []
  const events = parseAuditEvents('{"kind":"EventList","items":[7,{"auditID":"1"}]}', problem => reported.push(problem))
  expect(events).toHaveLength(1)
  expect(reported).toEqual([{ cause: 'not-an-event', message: 'item 0: a number is not an audit event', index: 0 }])
})

test.each([undefined, () => undefined])('a short list is parsed once, and numbers keep their exact text', sieve => {
  const items = ['{"auditID":"1","n":9007199254740993}', '{"auditID":"2","s":"\\u00e4]},"}', '7', 'null']
  const body = `{"items":[1],"kind":"EventList" , "items" :\n[${items.join(' , ')}] }`
  const parse = vi.spyOn(JSON, 'parse')
  try {
    const { events, problems } = readBody(body, { sieve }) as Slice
    expect(parse.mock.calls.filter(([text]) => text.includes('auditID'))).toHaveLength(1)
    expect(events.map(({ root }) => root)).toEqual(items.slice(0, 2).map(text => JSON.parse(text)))
    expect(events[0]!.exact.text(events[0]!.exact.root.n!)).toBe('9007199254740993')
    expect(problems.map(({ index }) => index)).toEqual([2, 3])
  } finally {
    parse.mockRestore()
  }
})

test('the first hundred bad items are reported one by one, the others as a count', () => {
  const { events, problems } = parseAuditBody(`{"kind":"EventList","items":[${'1,'.repeat(5000)}{"auditID":"1"}]}`)
  expect(events).toHaveLength(1)
  expect(problems).toHaveLength(101)
  expect(problems.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(5000)
})

describe('deep nesting', () => {
  const nested = (open: string, close: string, depth: number, inner = '1') =>
    open.repeat(depth) + inner + close.repeat(depth)
  test.each([
    ['arrays', nested('[', ']', 3_000_000)],
    ['objects', nested('{"a":', '}', 1_000_000)],
    ['truncated', '['.repeat(5_000_000)],
    ['inside an event', `{"kind":"Event","auditID":"1","requestObject":${nested('{"a":[', ']}', 50_000)}}`],
  ])('%s: reported as too deep', (_, body) => {
    expect(parseAuditBody(body).problems[0]?.cause).toBe('too-deep')
  })

  test('an event just below the limit can be printed', () => {
    const [event] = parseAuditEvents(`{"auditID":"1","a":${nested('[', ']', 1990)}}`)
    expect(JSON.parse(k8sAudit().fields['json.obj']!.extract(event!) as string)).toEqual(event!.root)
  })

  test('brackets inside strings do not count', () => {
    const body = JSON.stringify({ auditID: '1', text: `${'['.repeat(5000)}\\"{"` })
    expect(parseAuditEvents(body)).toHaveLength(1)
  })
})

test('no text throws, and every field can be read from the events that are found', () => {
  const fields = Object.entries(k8sAudit().fields)
  const json = fc
    .json({ maxDepth: 6 })
    .map(text => `{"auditID":"1","requestObject":${text},"user":${text},"objectRef":${text}}`)
  fc.assert(
    fc.property(
      fc.oneof(
        json,
        fc.string(),
        fc.json(),
        json.map(text => text.slice(0, -3)),
      ),
      text => {
        for (const event of parseAuditBody(text).events) {
          for (const [name, { extract, parseArg, argKind }] of fields) {
            const arg = parseArg ? parseArg('/requestObject/0') : argKind === 'index' ? 0 : 'a'
            const value = extract(event, arg)
            if (value !== undefined && typeof value !== 'string' && !Array.isArray(value)) throw new Error(name)
            if (Array.isArray(value) && (value.length === 0 || value.some(one => typeof one !== 'string')))
              throw new Error(name)
          }
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('check rejects an event without auditID, and an object that was not parsed', () => {
  const { check } = k8sAudit()
  const [audit, other] = parseAuditEvents('[{"auditID":"1","verb":"get"},{"verb":"get"}]')
  expect(check!(audit!)).toBe(undefined)
  expect(check!(other!)).toContain('no auditID')
  expect(check!({ auditID: '1' } as never)).toContain('parseAuditEvents')
})

test('nested short lists are limited in depth like long ones', () => {
  const { events, problems } = parseAuditBody(`${'['.repeat(1900)}${']'.repeat(1900)}`)
  expect(events).toEqual([])
  expect(problems).toMatchObject([{ cause: 'too-deep' }])
})
