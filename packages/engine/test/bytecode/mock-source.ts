import fc from 'fast-check'
import type { Condition, Operand } from '../../src/condition/ast.ts'
import { defineSource, type FieldDef, type Memo, type MemoHolder, type Value } from '../../src/fields/field.ts'

/** Something that clause results may be kept on; its values change only through `change`, which drops the memo. */
export class Holder implements MemoHolder {
  memo: Memo | null = null
  values: Record<string, Value | undefined>
  constructor(values: Record<string, Value | undefined>) {
    this.values = values
  }
  change(values: Record<string, Value | undefined>): void {
    this.values = values
    this.memo = null
  }
}

export interface MockEvent {
  readonly values: Record<string, Value | undefined>
  readonly thread: Holder | undefined
  readonly fd: Holder | undefined
}

type Owner = 'event' | 'thread' | 'fd'
const FIELDS: Readonly<Record<string, [Owner, Partial<FieldDef>]>> = {
  'evt.text': ['event', { type: 'string' }],
  'evt.num': ['event', { type: 'int32' }],
  'evt.wide': ['event', { type: 'uint64' }],
  'evt.flag': ['event', { type: 'bool' }],
  'evt.raw': ['event', { type: 'bytes' }],
  'evt.list': ['event', { type: 'string', list: true }],
  'proc.name': ['thread', { type: 'string' }],
  'proc.path': ['thread', { type: 'path' }],
  'proc.names': ['thread', { type: 'string', anyOf: true }],
  'proc.pid': ['thread', { type: 'int64' }],
  'fd.name': ['fd', { type: 'path' }],
  'fd.ip': ['fd', { type: 'ipaddr', anyOf: true }],
  'fd.net': ['fd', { type: 'ipnet' }],
  'fd.port': ['fd', { type: 'port' }],
  'fd.types': ['fd', { type: 'string', list: true }],
}

/** A source with fields of every kind that belong to events, threads and descriptors. */
export const mockSource = defineSource<MockEvent>({
  name: 'mock',
  fields: Object.fromEntries(
    Object.entries(FIELDS).map(([name, [owner, def]]): [string, FieldDef<MockEvent>] => [
      name,
      {
        type: 'string',
        doc: 'mock',
        scope: owner,
        ...def,
        extract: event => (owner === 'event' ? event : event[owner])?.values[name],
      } as FieldDef<MockEvent>,
    ]),
  ),
  scopes: { thread: event => event.thread, fd: event => event.fd },
})

const TEXTS = ['', 'a', 'A', 'ab', 'abc', '/a', '/a/b', '/a/b/c', 'x/y', '*', 'a*', '?b', '10', '\u00e9']
const ADDRESSES = ['10.0.0.1', '10.0.1.1', '192.168.0.1', '::1', '2001:db8::1']
const text = fc.constantFrom(...TEXTS)
const address = fc.constantFrom(...ADDRESSES)
const bytes = fc.uint8Array({ maxLength: 3, max: 3 })
const wide = fc.constantFrom<number | bigint>(0, 1, 5, 2 ** 53 - 1, 18446744073709551615n, 9007199254740993n)

/** Values for the field of this name: of its type, and sometimes absent. */
function fieldValue(name: string): fc.Arbitrary<Value | undefined> {
  const [, def] = FIELDS[name]!
  const scalar: fc.Arbitrary<any> = {
    string: text,
    path: text,
    int32: fc.constantFrom(-1, 0, 1, 5),
    uint64: wide,
    int64: fc.constantFrom<number | bigint>(-1, 0, 1, 5, -9223372036854775808n),
    bool: fc.boolean(),
    bytes,
    ipaddr: address,
    ipnet: address,
    port: fc.constantFrom(0, 22, 443),
  }[def.type as string]!
  const value: fc.Arbitrary<any> = def.list || def.anyOf ? fc.array(scalar, { maxLength: 3 }) : scalar
  return fc.option(value, { nil: undefined, freq: 4 })
}

/** Values for all fields of one owner. */
export function values(owner: Owner): fc.Arbitrary<Record<string, Value | undefined>> {
  const names = Object.keys(FIELDS).filter(name => FIELDS[name]![0] === owner)
  return fc.record(Object.fromEntries(names.map(name => [name, fieldValue(name)])))
}

const literal = (value: string): Operand => ({ kind: 'literal', text: value })
const field = (name: string): Operand => ({ kind: 'field', name })
const transform = (name: string, ...args: (Operand | Operand[])[]): Operand => ({ kind: 'transform', name, args })
const check = (left: Operand, op: string, right?: Operand | Operand[]): Condition => ({
  kind: 'check',
  left,
  op,
  right,
})
const many = (item: fc.Arbitrary<string>) => fc.array(item.map(literal), { maxLength: 4 })

const texts = ['evt.text', 'proc.name', 'proc.path', 'proc.names', 'fd.name']
const textField = fc.constantFrom(...texts).map(field)
const textOperand = fc.oneof(
  { weight: 5, arbitrary: textField },
  textField.map(f => transform('tolower', f)),
  textField.map(f => transform('basename', f)),
  textField.map(f => transform('b64', f)),
  fc.tuple(fc.constantFrom('evt.text', 'proc.name'), textField).map(([a, b]) => transform('concat', field(a), b)),
  fc.constantFrom('evt.text', 'proc.name').map(f => transform('join', literal('/'), [field(f), literal('b')])),
)
const number = fc.constantFrom('-1', '0', '1', '5', '22', '18446744073709551615')
const port = fc.constantFrom('0', '22', '443', 'ssh')
const network = fc.constantFrom('10.0.0.0/24', '10.0.0.0/8', '0.0.0.0/0', '::/0', '2001:db8::/32', '192.168.0.1/32')
const modifier = fc.constantFrom('oneof', 'anyof', 'allof')
const pattern = fc.constantFrom('a.*', '[a-z]+', '/a/?', '(a|ab)c?', '')

/** Checks that fit the fields' types. */
const checks: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom(...Object.keys(FIELDS)).map(name => check(field(name), 'exists')),
  fc
    .tuple(
      textOperand,
      fc.constantFrom('=', '!=', 'contains', 'icontains', 'startswith', 'endswith', 'glob', 'iglob'),
      text,
    )
    .map(([f, op, v]) => check(f, op, literal(v))),
  fc.tuple(textOperand, fc.constantFrom('<', '<=', '>', '>='), number).map(([f, op, v]) => check(f, op, literal(v))),
  fc.tuple(textOperand, pattern).map(([f, v]) => check(f, 'regex', literal(v))),
  fc.tuple(textOperand, fc.constantFrom('in', 'intersects', 'pmatch'), many(text)).map(([f, op, v]) => check(f, op, v)),
  fc
    .tuple(textOperand, fc.constantFrom('=', '!=', 'startswith', 'endswith', 'contains', 'glob'), modifier, many(text))
    .map(([f, op, m, v]) => check(f, `${op} ${m}`, v)),
  fc
    .tuple(fc.constantFrom('=', '!=', '<', 'startswith'), text)
    .map(([op]) => check(field('evt.text'), op, transform('val', field('proc.name')))),
  fc
    .tuple(fc.constantFrom('evt.num', 'evt.wide', 'proc.pid'), fc.constantFrom('=', '!=', '<', '<=', '>', '>='), number)
    .map(([f, op, v]) => check(field(f), op, literal(v))),
  fc
    .tuple(textField, fc.constantFrom('=', '>'), number)
    .map(([f, op, v]) => check(transform('len', f), op, literal(v))),
  fc.tuple(fc.constantFrom('evt.num', 'evt.wide', 'proc.pid'), many(number)).map(([f, v]) => check(field(f), 'in', v)),
  fc
    .tuple(fc.constantFrom('=', '!='), fc.constantFrom('true', 'false'))
    .map(([op, v]) => check(field('evt.flag'), op, literal(v))),
  fc
    .tuple(fc.constantFrom('bcontains', 'bstartswith'), fc.constantFrom('01', '0102', '00'))
    .map(([op, v]) => check(field('evt.raw'), op, literal(v))),
  fc
    .tuple(fc.constantFrom('evt.list', 'fd.types'), fc.constantFrom('in', 'intersects'), many(text))
    .map(([f, op, v]) => check(field(f), op, v)),
  fc.constantFrom('in', 'intersects').map(op => check(field('evt.list'), op, transform('val', field('fd.types')))),
  fc.tuple(fc.constantFrom('=', '!=', '<', '>='), port).map(([op, v]) => check(field('fd.port'), op, literal(v))),
  many(port).map(v => check(field('fd.port'), 'in', v)),
  fc.tuple(fc.constantFrom('=', '!='), address).map(([op, v]) => check(field('fd.ip'), op, literal(v))),
  fc.tuple(fc.constantFrom('fd.ip'), many(fc.oneof(address, network))).map(([f, v]) => check(field(f), 'in', v)),
  fc.tuple(fc.constantFrom('=', '!='), network).map(([op, v]) => check(field('fd.net'), op, literal(v))),
  many(network).map(v => check(field('fd.net'), 'in', v)),
)

/** Conditions over the mock's fields. */
export const conditions: fc.Arbitrary<Condition> = fc.letrec<{ tree: Condition }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    checks,
    tie('tree').map(child => ({ kind: 'not', child }) as Condition),
    fc.array(tie('tree'), { minLength: 2, maxLength: 4 }).map(children => ({ kind: 'and', children }) as Condition),
    fc.array(tie('tree'), { minLength: 2, maxLength: 4 }).map(children => ({ kind: 'or', children }) as Condition),
  ),
})).tree
