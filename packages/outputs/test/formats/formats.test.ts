import { readFileSync } from 'node:fs'
import { type AlertData, PRIORITIES, parseAlert } from '@falc/engine'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { cefLine } from '../../src/formats/cef.ts'
import { ECS_FIELDS, ecsDocument } from '../../src/formats/ecs.ts'
import { FORMATS } from '../../src/formats/list.ts'
import { detectionFinding } from '../../src/formats/ocsf.ts'
import { ocsfColumns } from '../../src/formats/ocsf-columns.ts'
import { SEVERITY } from '../../src/text/severity.ts'

const cases = readCaseFile(new URL('cases.txt', import.meta.url))
const isFinding = new Ajv2020({ strict: true, allErrors: true }).compile(
  JSON.parse(readFileSync(new URL('detection-finding.schema.json', import.meta.url), 'utf8')),
)

test.each(cases.map(one => [one.title, one] as const))('%s', (_, one) => {
  const alert = parseAlert(one.text('alert'))
  for (const name of ['ecs', 'ocsf', 'cloudevents'] as const) {
    const printed = FORMATS[name].format.print(alert)
    expect(printed).not.toContain('\n')
    one.expect(name, indented(printed))
  }
  one.expect('cef', FORMATS.cef.format.print(alert))
})

/** JSON.stringify would lose digits. */
function indented(json: string): string {
  const exact = (_: string, value: unknown, { source }: { source: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? `${source} (number)` : value
  return JSON.stringify(JSON.parse(json, exact as never), null, 1)
}

/** Alerts with fields of all tables, and values of any kind. */
const names = [
  ...ECS_FIELDS.map(([name]) => name),
  'fd.l4proto',
  'ka.auditid',
  'other',
  '__proto__',
  'rt',
  'evt.category',
]
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('/a/b', '10.0.0.1', 'host'),
  fc.array(fc.string()),
)
const alerts: fc.Arbitrary<AlertData> = fc.record(
  {
    id: fc.constant('0'.repeat(32)),
    rule: fc.string({ minLength: 1 }),
    priority: fc.constantFrom(...PRIORITIES),
    source: fc.string(),
    tags: fc.array(fc.oneof(fc.string(), fc.constantFrom('T1059', 'T1059.001', 'mitre_execution'))),
    time: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    output: fc.string({ unit: 'binary' }),
    message: fc.string({ unit: 'binary' }),
    output_fields: fc
      .array(fc.tuple(fc.constantFrom(...names), value))
      .map(entries => Object.fromEntries(entries) as AlertData['output_fields']),
    hostname: fc.string(),
    count: fc.integer({ min: 1, max: 1e9 }),
    firstTime: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    lastTime: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  },
  {
    requiredKeys: ['id', 'rule', 'priority', 'source', 'tags', 'time', 'output', 'message', 'output_fields'],
  },
)

test('for any alert, each format prints one line, and JSON formats print valid JSON', () => {
  fc.assert(
    fc.property(alerts, alert => {
      for (const { format } of Object.values(FORMATS)) {
        const line = format.print(alert)
        expect(line).not.toMatch(/[\n\r]/)
        if (format.contentType.endsWith('json')) JSON.parse(line)
      }
    }),
  )
})

test('for any alert, OCSF has the required attributes and no unknown ones', () => {
  fc.assert(
    fc.property(alerts, alert => {
      const finding = JSON.parse(FORMATS.ocsf.format.print(alert))
      expect(isFinding(finding), JSON.stringify(isFinding.errors?.slice(0, 3))).toBe(true)
      expect(finding.severity_id).toBe(SEVERITY[alert.priority].ocsf)
    }),
  )
})

/** A reader's view of a line: the parts of its head, and its extensions. */
function parseCef(line: string): { head: string[]; extensions: Map<string, string> } {
  const parts = [...line.matchAll(/(?:[^|\\]|\\.)*(?:\||$)/g)].map(([part]) => part)
  const head = parts.slice(0, 7).map(part => part.slice(0, -1).replace(/\\(.)/g, '$1'))
  const rest = line.slice(parts.slice(0, 7).join('').length)
  const starts = [...rest.matchAll(/(?:^| )(\w+)=/g)]
  const extensions = starts.map(({ 0: { length }, 1: key, index }, i) => [
    key!,
    rest
      .slice(index + length, starts[i + 1]?.index)
      .replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c)),
  ]) as [string, string][]
  expect(new Set(extensions.map(([key]) => key)).size).toBe(extensions.length)
  return { head, extensions: new Map(extensions) }
}

test('for any alert, a reader of CEF finds the keys that harmless values have, and the message', () => {
  const harmless = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? 'v' : value)
  fc.assert(
    fc.property(alerts, alert => {
      const { head, extensions } = parseCef(cefLine(alert))
      expect(head).toHaveLength(7)
      expect(head[6]).toBe(String(SEVERITY[alert.priority].cef))
      const output_fields = Object.fromEntries(
        Object.entries(alert.output_fields).map(([name, value]) => [name, harmless(value)]),
      ) as AlertData['output_fields']
      const safe = parseCef(cefLine({ ...alert, rule: 'R', message: 'm', source: 's', output_fields }))
      expect([...extensions.keys()]).toEqual([...safe.extensions.keys()])
      const printable = (text: string) =>
        text.toWellFormed().replace(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f]+/g, ' ')
      expect(printable(extensions.get('msg')!)).toBe(printable(alert.message))
    }),
  )
})

test('CEF: escapes as the standard says', () => {
  const alert = {
    ...parseAlert(cases[0]!.text('alert')),
    rule: 'a|b\\c',
    message: 'x=1\ny\\z',
    tags: [],
    output_fields: {},
  }
  expect(cefLine(alert)).toMatch(/^CEF:0\|Falc\|falc\|1\|a\\\|b\\\\c\|a\\\|b\\\\c\|4\|/)
  expect(cefLine(alert)).toContain(' msg=x\\=1\\ny\\\\z')
})

test('ECS: every field of the table appears at its path', () => {
  const base = parseAlert(cases[0]!.text('alert'))
  for (const [name, where, convert] of ECS_FIELDS) {
    const given = /start$|uptime$/.test(where) ? 1_700_000_000_000_000_000n : /^\//.test(where) ? '/x' : '/some/text'
    const document = ecsDocument({ ...base, output_fields: { [name]: given } }) as Record<string, unknown>
    const found = where.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document)
    expect(found, name).toEqual(convert ? convert(given) : given)
    expect(found, name).toBeDefined()
  }
})

test('Parquet: a reader recovers the columns', async () => {
  const two = cases.slice(0, 2).map(one => parseAlert(one.text('alert')))
  const file = parquetWriteBuffer({ columnData: ocsfColumns(two) as never })
  const rows = await parquetReadObjects({ file })
  expect(rows).toHaveLength(2)
  for (const [i, row] of rows.entries()) {
    const finding = detectionFinding(two[i]!)
    expect(row.type_uid).toBe(200401n)
    expect(row.time).toBe(BigInt(finding.time as number))
    expect(row.count ?? undefined).toBe(finding.count)
    expect((row.finding_info as { uid: string }).uid).toBe(two[i]!.id)
    expect(row.message).toBe(finding.message)
  }
  expect((rows[1]!.unmapped as Record<string, unknown>)['my.big']).toBe('18446744073709551615')
})
