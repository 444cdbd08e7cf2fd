/**
 * Thousands of audit bodies: real events, put into lists and damaged.
 * Whatever comes in, nothing throws, reading in slices finds what reading at once finds, and a body that is JSON gives the
 * same events as the obvious parser below.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzzed, fuzzRuns } from '../../../scripts/testing/fuzz.ts'
import { AuditLogDecoder, k8sAudit, parseAuditBody } from '../src/index.ts'
import { BodyReader } from '../src/parse.ts'

const RUNS = fuzzRuns(2000)

const log = readFileSync(join(import.meta.dirname, '../../../examples/captures/k8s-audit.jsonl'), 'utf8')
const events = log.split('\n').filter(Boolean)

const event = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...events) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.nat(4000).map(depth => '['.repeat(depth) + ']'.repeat(depth)) },
  fc.constantFrom('{}', 'null', '"EventList"', '{"kind":"EventList"}', '{"kind":"EventList","items":null}'),
)
const { list } = fc.letrec<{ list: string; item: string }>(tie => ({
  item: fc.oneof({ depthSize: 'small', withCrossShrink: true }, event, tie('list')),
  list: fc.oneof(
    fc.array(tie('item'), { maxLength: 6 }).map(items => `[${items.join(',')}]`),
    fc
      .tuple(
        fc.array(tie('item'), { maxLength: 6 }),
        fc.constantFrom('"kind":"EventList",', '"kind":"Event\\u004cist",', '"items":[],"kind":"EventList",', ''),
        fc.constantFrom('', ',"kind":"EventList"', ',"metadata":{"x":[1]}', ',"items":[{"auditID":"2"}]'),
        fc.constantFrom('', ' ', '\n', '\t\r\n '),
      )
      .map(
        ([items, head, tail, space]) =>
          `${space}{${head}"items"${space}:${space}[${items.join(`${space},`)}${space}]${tail}}`,
      ),
  ),
}))

/** A body, perhaps damaged: characters inserted or removed, its end cut off. */
const body = fc
  .tuple(
    fc.oneof(event, list),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '\u0000', '\ufeff', '1e999', ' '),
      ),
      {
        maxLength: 3,
      },
    ),
    fc.option(fc.nat(), { freq: 5 }),
  )
  .map(([text, edits, cut]) => {
    let changed = text
    for (const [at, what] of edits) {
      const i = at % (changed.length + 1)
      changed = what === '' ? changed.slice(0, i) + changed.slice(i + 1) : changed.slice(0, i) + what + changed.slice(i)
    }
    return cut === null ? changed : changed.slice(0, cut % (changed.length + 1))
  })

interface Found {
  readonly events: string[]
  readonly problems: number
}

const found = (bodies: readonly ReturnType<typeof parseAuditBody>[]): Found => ({
  events: bodies.flatMap(one => one.events.map(({ root }) => JSON.stringify(root))),
  problems: bodies.flatMap(one => one.problems).reduce((sum, { count = 1 }) => sum + count, 0),
})

/** The events of JSON text by JSON.parse and recursion, without limits; undefined: not JSON. */
function obvious(text: string): Found | undefined {
  let root: any
  try {
    root = JSON.parse(text)
  } catch {
    return undefined
  }
  const all = { events: [] as string[], problems: 0 }
  const isList = (value: any) => Array.isArray(value) || (value?.kind === 'EventList' && Array.isArray(value.items))
  const take = (value: any, inList: boolean) => {
    if (!inList && isList(value)) for (const item of value.items ?? value) take(item, !Array.isArray(value))
    else if (!inList && value?.kind === 'EventList' && value.items === null) return
    else if (typeof value !== 'object' || value === null || Array.isArray(value)) all.problems++
    else if (inList || value.kind === 'Event' || (value.kind === undefined && Object.hasOwn(value, 'auditID')))
      all.events.push(JSON.stringify(value))
    else all.problems++
  }
  take(root, false)
  return all
}

/** Where the obvious parser may differ: it has no limits, and silently takes the last of two members with the same name. */
const limited = (text: string) => {
  /** What is open: 0 for an object; for an array, how many arrays directly enclose each other. */
  const open: number[] = []
  let deepest = 0
  let lists = 0
  for (const c of text.replace(/"(?:[^"\\]|\\.)*"/g, '""')) {
    if (c === '[' || c === '{') open.push(c === '{' ? 0 : (open.at(-1) ?? 0) + 1)
    else if (c === ']' || c === '}') open.pop()
    deepest = Math.max(deepest, open.length)
    lists = Math.max(lists, open.at(-1) ?? 0)
  }
  return deepest > 1900 || lists > 2 || /EventList.*EventList.*EventList|"items".*"items"/s.test(text)
}

test(`${RUNS} bodies: the same events as a whole, in slices and by the obvious parser`, () => {
  const fields = Object.entries(k8sAudit().fields)
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 4 }), (text, slice) => {
      const whole = parseAuditBody(text, { strict: true })
      const reader = new BodyReader(text, { strict: true })
      const slices: ReturnType<typeof parseAuditBody>[] = []
      while (!reader.done) slices.push(reader.read(slice, 1 << 20))
      expect(found(slices)).toEqual(found([whole]))
      if (!limited(text)) {
        const expected = obvious(text)
        if (expected) expect(found([whole])).toEqual(expected)
        else expect(whole.problems.length).toBeGreaterThan(0)
      }
      for (const one of whole.events) {
        one.printed()
        for (const [, { extract, parseArg, argKind }] of fields)
          extract(one, parseArg ? parseArg('/requestObject/0') : argKind === 'index' ? 0 : 'a')
      }
    }),
    fuzzed(2000),
  )
}, 3_600_000)

test(`${RUNS} logs: the decoder finds the same events however the bytes are cut`, () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 3 }), fc.integer({ min: 1, max: 5000 }), (lines, size) => {
      const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`)
      const decode = (step: number) => {
        const decoder = new AuditLogDecoder()
        const out = []
        for (let i = 0; i < bytes.length; i += step) out.push(...decoder.push(bytes.subarray(i, i + step)))
        out.push(...decoder.end())
        return { events: out.map(({ root }) => JSON.stringify(root)), rejected: decoder.stats.rejected }
      }
      expect(decode(size)).toEqual(decode(bytes.length))
    }),
    { ...fuzzed(2000), numRuns: Math.ceil(RUNS / 4) },
  )
}, 3_600_000)
