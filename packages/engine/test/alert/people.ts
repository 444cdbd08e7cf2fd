import fc from 'fast-check'
import { defineSource } from '../../src/fields/field.ts'

export interface Person {
  readonly name: string
  readonly nick?: string
  readonly time?: bigint
  readonly big?: bigint
  readonly load?: number
  readonly list?: readonly unknown[]
}

/** A small source for alerts: one field of each kind. */
export const people = defineSource<Person>({
  name: 'people',
  time: event => event.time ?? 1_700_000_000_123_456_789n,
  fields: {
    'who.name': { type: 'string', suggested: true, doc: 'name', extract: event => event.name },
    'who.nick': { type: 'string', doc: 'what friends say', extract: event => event.nick },
    'who.id': { type: 'uint32', doc: 'number', extract: () => 7 },
    'who.big': { type: 'uint64', doc: 'large number', extract: event => event.big },
    'who.load': { type: 'double', doc: 'share', extract: event => event.load },
    'who.list': { type: 'uint64', list: true, doc: 'numbers', extract: event => event.list as number[] | undefined },
    'who.raw': { type: 'uint8', print: 'hex', doc: 'in hex', extract: () => 255 },
    'who.parents': { type: 'string', anyOf: true, doc: 'ancestors', extract: () => ['sh', 'init'] },
    'who.up': { type: 'bool', doc: 'awake', extract: () => true },
    'who.ip': { type: 'ipaddr', doc: 'address', extract: () => Uint8Array.of(10, 0, 0, 1) },
    'file.path': { type: 'path', doc: 'path', extract: () => '/etc/passwd' },
    'file.tags': { type: 'string', list: true, doc: 'tags', extract: () => ['a', 'b'] },
    'env.of': { type: 'string', arg: 'required', argKind: 'key', doc: 'variable', extract: (_, key) => `env ${key}` },
    'who.elders': {
      ...{ type: 'string', anyOf: true, noTransformer: true, doc: 'all elders; outputs show the first' },
      extract: () => ['eve', 'ada'],
      printed: () => 'eve',
    },
    'who.kin': {
      ...{ type: 'string', anyOf: true, doc: 'kin, none here; in JSON the next of it' },
      extract: () => undefined,
      toJson: () => 'eve',
    },
    'who.pet': {
      ...{ type: 'string', doc: 'absent, and why', extract: () => undefined },
      absence: event => (event.name === 'eve' ? undefined : 'nobody was asked'),
    },
    'gone.value': { type: 'string', doc: 'always absent', extract: () => undefined },
  },
})

/** Any values of fields. */
export const text = fc.string({ unit: 'binary' })
export const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.uint8Array({ maxLength: 4 }),
)
