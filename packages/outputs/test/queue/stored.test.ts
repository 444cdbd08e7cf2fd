import { type AlertData, defineSource, Engine, PRIORITIES } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FORMATS } from '../../src/index.ts'
import { parseStored, printStored } from '../../src/queue/stored.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const scalar = fc.oneof(
  text,
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '\0', '"', '\\', '\u2028') }),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(n => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
  fc.boolean(),
  fc.constant(null),
)
const alerts: fc.Arbitrary<AlertData> = fc.record({
  id: fc.stringMatching(/^[0-9a-f]{32}$/),
  rule: text.filter(rule => rule !== ''),
  priority: fc.constantFrom(...PRIORITIES),
  source: fc.constantFrom('syscall', 'k8s_audit', 'internal'),
  tags: fc.uniqueArray(fc.stringMatching(/^[a-z_0-9]{1,8}$/)).map(tags => tags.sort()),
  time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  output: text,
  message: text,
  output_fields: fc
    .dictionary(fc.stringMatching(/^[a-z]{2,6}\.[a-z]{2,6}$/), fc.oneof(scalar, fc.array(text, { maxLength: 3 })))
    .map(fields => Object.fromEntries(Object.entries(fields).sort())),
  hostname: fc.constantFrom('node-1', 'ü.example', undefined),
  count: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
  firstTime: fc.option(fc.bigInt({ min: 0n, max: 2_000_000_000_000_000_000n }), { nil: undefined }),
  lastTime: fc.option(fc.bigInt({ min: 0n, max: 2_000_000_000_000_000_000n }), { nil: undefined }),
})

test('an alert read back from disk prints the same in every format', () => {
  fc.assert(
    fc.property(alerts, alert => {
      const again = parseStored(printStored(alert))
      expect(again.id).toBe(alert.id)
      for (const { format } of Object.values(FORMATS)) expect(format.print(again)).toBe(format.print(alert))
    }),
    { numRuns: 300 },
  )
})

test('a message that the output ends with is stored once', () => {
  const verbs = { 'it.verb': { type: 'string', doc: 'verb', extract: (verb: string) => verb } } as const
  const source = defineSource<string>({ name: 'verbs', time: () => 0n, fields: verbs })
  const engine = new Engine({ sources: [source] })
  const rule = { rule: 'r', desc: 'd', condition: 'it.verb exists', priority: 'INFO', source: 'verbs' }
  engine.load([{ name: 'r.yaml', content: JSON.stringify([{ ...rule, output: 'to %it.verb: Informational' }]) }])
  const [alert] = engine.evaluate(source, 'get')
  for (const one of [alert!, alert!.toObject()]) {
    const stored = printStored(one)
    expect(stored.split('to get').length).toBe(2)
    expect(parseStored(stored).message).toBe('to get: Informational')
  }
})

test('doubles stay doubles', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      const alert: AlertData = {
        ...{
          id: '0'.repeat(32),
          rule: 'r',
          priority: 'Notice',
          source: 's',
          tags: [],
          time: 0n,
          output: '',
          message: '',
        },
        output_fields: { 'a.b': value },
        doubles: ['a.b'],
      }
      const { json } = FORMATS
      expect(json.format.print(parseStored(printStored(alert)))).toBe(json.format.print(alert))
    }),
  )
})
