/** Passing events over changes no alert, problem or count, compared with the same input with every event parsed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { readCaseFile } from '../../../scripts/testing/cases.ts'
import { AuditLogDecoder, type AuditProblem, openAuditWebhook } from '../src/index.ts'
import { bytes, compared, engineOf, line, rulesOf, source } from './sieved.ts'

const root = join(import.meta.dirname, '../../..')
const bundled = readFileSync(join(root, 'rules/k8s_audit.yaml'), 'utf8')
const capture = readFileSync(join(root, 'examples/captures/k8s-audit.jsonl'))

describe('the bundled rules', () => {
  test('pass over many events of the bundled log', () => {
    expect(compared(bundled, [capture])).toBeGreaterThan(100)
  })

  test.each(readCaseFile(new URL('cases/logs/logs.txt', import.meta.url)))('$title', one => {
    compared(bundled, [bytes(one.text('log'))])
    compared(rulesOf(['ka.verb = get']), [bytes(one.text('log'))])
  })

  test.each(readCaseFile(new URL('cases/bodies/bodies.txt', import.meta.url)))('$title', one => {
    compared(rulesOf(['ka.verb = get']), [bytes(one.text('body'))])
  })
})

/** Forms of an event under a rule for `ka.verb = delete`, and how many are passed over. */
test.each([
  ['as the API server writes it', line(), 1],
  ['with escapes in other values', line().replaceAll('&', '\\u0026'), 1],
  ['with bytes that are not UTF-8', line().replace('/api', '/\xff'), 1],
  ['with an escaped value', line().replace('"get"', '"g\\u0065t"'), 0],
  ['with an escaped value that matches', line().replace('"get"', '"d\\u0065lete"'), 0],
  ['with an escaped key', line().replace('"verb"', '"v\\u0065rb"'), 0],
  ['with a key twice', line().replace('{', '{"verb":"delete",'), 0],
  ['with a key twice, the other way round', line().replace(/}$/, ',"verb":"delete"}'), 0],
  ['with a key twice, the second one escaped', line().replace(/}$/, ',"ver\\u0062":"delete"}'), 0],
  ['with a key of the same name elsewhere', line({ requestObject: { verb: 'delete' } }), 1],
  ['with the key in a text', line({ requestURI: '"verb":"delete"' }), 1],
  ['with a number as verb', line({ verb: 1 }), 1],
  ['with an object as verb', line({ verb: { delete: 'delete' } }), 0],
  ['without a verb', line({ verb: undefined }), 1],
  ['without an auditID', line({ auditID: undefined }), 0],
  ['of another kind', line({ kind: 'Pod' }), 0],
  ['without a time', line({ stageTimestamp: undefined }), 0],
  ['of 1970', line({ stageTimestamp: '1970-01-01T00:00:00Z' }), 0],
  ['of 30 February', line({ stageTimestamp: '2026-02-30T00:00:00Z' }), 0],
  ['of 29 February', line({ stageTimestamp: '2026-02-29T00:00:00Z' }), 0],
  ['of 29 February of a leap year', line({ stageTimestamp: '2028-02-29T00:00:00Z' }), 1],
  ['of 31 May', line({ stageTimestamp: '2026-05-31T23:59:59.999999999Z' }), 1],
  ['of 31 June', line({ stageTimestamp: '2026-06-31T00:00:00Z' }), 0],
  ['of a 24th hour', line({ stageTimestamp: '2026-06-30T24:00:00Z' }), 0],
  ['of another time zone', line({ stageTimestamp: '2026-06-30T12:00:00+02:00' }), 0],
  ['with a number as time', line({ stageTimestamp: 1773740462504211 }), 0],
  ['with white space', line().replaceAll(',', ', '), 0],
  ['followed by another', `${line()} ${line({ verb: 'delete' })}`, 0],
  ['cut off', line().slice(0, -1), 0],
  ['with a malformed number', line({ x: 1 }).replace('"x":1', '"x":01'), 0],
  ['with a tab in a text', line().replace('/api', '/\t'), 0],
  ['with a NUL in a text', line().replace('/api', '/\0'), 0],
  ['after a NUL', `\0${line()}`, 0],
  ['with a malformed escape', line().replace('/api', '/\\x'), 0],
  ['with a truncated escape', line().replace('/api', '/\\u12x4'), 0],
  ['with a value of 252 bytes', line({ user: { username: 'x'.repeat(252) } }), 1],
  ['with a value of 253 bytes', line({ user: { username: 'x'.repeat(253) } }), 1],
  ['a hundred deep', line().replace('"x"', `${'['.repeat(99)}1${']'.repeat(99)}`), 1],
  ['in a list', `{"kind":"EventList","items":[${line()},${line({ verb: 'delete' })},${line()}]}`, 2],
  ['in two lists on one line', `{"kind":"EventList","items":[${line()}]}`.repeat(2), 2],
  ['after a list that is cut off', `{"kind":"EventList",\n"items":[\n${line()},\n${line()}\n`, 0],
  ['after a document that is cut off', `{\n"kind":"Event",\n"verb":\n${line()}\n`, 0],
  ['two thousand deep', line().replace('"x"', `${'['.repeat(2000)}1${']'.repeat(2000)}`), 0],
] as const)('an event %s', (_, text, passed) => {
  const chunk = Buffer.from(`${text}\n`, 'latin1')
  expect(compared(rulesOf(['ka.verb = delete']), [chunk])).toBe(passed)
})

test.each([
  ['evt.reltime >= 0 and ka.verb = delete', 0],
  ['jevt.rawtime = 0', 1],
  ['jevt.rawtime exists', 0],
  ['not jevt.rawtime exists', 1],
  ['jevt.rawtime startswith 17', 0],
  ['jevt.rawtime = 1773740462504211000', 0],
  ['not ka.user.name startswith "system:"', 1],
  ['not ka.user.name startswith "system:" or ka.target.name = x', 0],
  ['ka.verb in (delete, patch) and not ka.target.name = x', 1],
  ['jevt.value[/verb] = delete', 1],
  ['jevt.value[verb] = delete', 1],
  ['tolower(ka.verb) = delete', 1],
  ['ka.verb = val(ka.stage)', 1],
  ['ka.verb = val(ka.target.name)', 0],
  ['ka.target.subresource exists', 1],
  ['ka.response.code startswith 4', 1],
])('a rule with the condition %s', (condition, passed) => {
  expect(compared(rulesOf([condition]), [bytes(`${line()}\n`)])).toBe(passed)
})

test('after many events that match, later ones that do not are still passed over', () => {
  const many = (verb: string) => `${line({ verb, requestObject: 'x'.repeat(500) })}\n`.repeat(2000)
  const passed = compared(rulesOf(['ka.verb = delete']), [bytes(many('delete')), bytes(many('get'))])
  expect(passed).toBeGreaterThan(500)
})

test('events of more values than are remembered are passed over', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => line({ user: { username: `system:node:${i}` } }))
  expect(compared(rulesOf(['ka.user.name = ann']), [bytes(`${lines.join('\n')}\n`)])).toBeGreaterThan(10_000)
})

/** An event in which the window of the scan ends may be parsed, so not quite all are passed over. */
test.each([
  ['events over several windows', `${line({ x: 'y'.repeat(1000) })}\n`.repeat(1000), 995],
  ['events that are longer than a window', `${line({ x: 'y'.repeat(300_000) })}\n${line()}\n`.repeat(3), 3],
])('%s', (_, text, passed) => {
  expect(compared(rulesOf(['ka.verb = delete']), [bytes(text)])).toBeGreaterThanOrEqual(passed)
})

/** The ends of wanted items are found by scanning bytes; none of these lists may mislead the scan. */
describe('lists of events that are all wanted', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const wide = line({ x: 'y'.repeat(1000) })
  test.each([
    ['of several windows', new Array(1000).fill(wide)],
    ['one of which is longer than a window', [wide, line({ x: 'y'.repeat(300_000) }), wide]],
    ['that are not compact', new Array(700).fill(JSON.stringify({ ...JSON.parse(wide) }, null, 1))],
    ['with white space around them', [` ${wide}`, `${wide} `, `\t${wide}\r`]],
    [
      'with non-ASCII letters in one window',
      [...new Array(300).fill(wide), line({ x: 'ü' }), ...new Array(300).fill(wide)],
    ],
    // 8 bytes more than letters: an end that mixes up the two falls on the number in the first, or on a comma in the second.
    ['with non-ASCII letters', [line({ x: 'ü'.repeat(8), z: 123456 }), line().replace('{', '{"a":1,')]],
    ['that are deep, and too deep', [99, 100, 1998, 2001].map(levels => wide.replace('"y', `${deep(levels)},"z":"y`))],
    [
      'with a key twice, and with escapes',
      [wide.replace('{', '{"verb":"list",'), wide.replace('"verb"', '"v\\u0065rb"')],
    ],
    ['followed by other values', [wide, `${wide}7`, `${wide}{}`, wide]],
    ['with items between them that are not events', [wide, '7', '{}', '[1,[2]]', '', 'x', '"', wide]],
    ['that end too early', [wide, `${wide}]`, wide]],
    ['with a NUL', [wide, wide.replace('yy', 'y\0y'), `${wide}\0`, wide]],
  ])('%s', (_, items) => {
    for (const list of [`{"kind":"EventList","items":[${items}]}`, `[${items}]`])
      expect(compared(rulesOf(['ka.verb in (get, list)']), [bytes(`${list}\n`)])).toBe(0)
  })
})

test('a chunk is read completely, so its memory may be reused for the next', () => {
  const engine = engineOf(rulesOf(['ka.verb = delete']))
  const decoder = new AuditLogDecoder({ sieve: () => engine.sieve(source) })
  const memory = bytes(`${line()}\n`.repeat(3))
  decoder.push(memory)
  memory.set(bytes(`${line({ verb: 'delete' })}\n`))
  memory.fill(0x0a, line().length + 4)
  expect(decoder.push(memory).map(({ root }) => root.verb)).toEqual(['delete'])
  expect(decoder.stats.passedOver).toBe(3)
})

test('without WebAssembly every event is parsed', async () => {
  vi.resetModules()
  vi.stubGlobal('WebAssembly', undefined)
  const { AuditLogDecoder } = await import('../src/log/decoder.ts')
  const engine = engineOf(rulesOf(['ka.verb = delete']))
  const decoder = new AuditLogDecoder({ sieve: () => engine.sieve(source) })
  expect(decoder.push(bytes(`${line()}\n`)).length).toBe(1)
  vi.unstubAllGlobals()
})

test('new rules take effect at once', () => {
  const [first, second] = [engineOf(rulesOf(['ka.verb = delete'])), engineOf(rulesOf(['ka.verb = get']))]
  let engine = first
  const decoder = new AuditLogDecoder({ sieve: () => engine.sieve(source) })
  expect(decoder.push(bytes(`${line()}\n`)).length).toBe(0)
  engine = second
  expect(decoder.push(bytes(`${line()}\n`)).map(({ number }) => number)).toEqual([2])
})

test('the webhook counts events it passes over as received, and reports bad items beside them', async () => {
  const engine = engineOf(rulesOf(['ka.verb = delete']))
  const problems: AuditProblem[] = []
  const webhook = await openAuditWebhook({
    ...{ host: '127.0.0.1', port: 0, sieve: () => engine.sieve(source), answer: 'evaluated' },
    onProblem: problem => problems.push(problem),
  })
  const numbers: unknown[] = []
  const done = (async () => {
    for await (const event of webhook) numbers.push(event.number)
  })()
  const post = async (items: readonly string[]) => {
    const body = `{"kind":"EventList","items":[${items}]}`
    return (await fetch(webhook.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status
  }
  expect(await post([line(), '7', line()])).toBe(200)
  expect(await post(['7'])).toBe(400)
  expect(await post([line(), line({ verb: 'delete' }), line()])).toBe(200)
  await webhook.close()
  await done
  expect(numbers).toEqual([4])
  expect(problems.length).toBe(2)
  expect(webhook.stats).toMatchObject({ events: 5, passedOver: 4 })
})
