import { describe, expect, test } from 'vitest'
import { defineSource, type FieldDef } from '../../src/fields/field.ts'

const good: FieldDef = { type: 'string', doc: 'fine', extract: () => 'x' }
const define =
  (field: Record<string, unknown>, name = 'a.b') =>
  () =>
    defineSource({
      name: 'shop',
      fields: { [name]: { ...good, ...field } as FieldDef },
      scopes: { thread: () => undefined },
    })

describe('defineSource', () => {
  test('returns the declaration', () => {
    const source = defineSource({ name: 'shop', fields: { 'a.b': good } })
    expect(source).toMatchObject({ kind: 'source', name: 'shop', fields: { 'a.b': good } })
  })

  test.each([
    [{ type: 'text' }, "option 'type': unknown value 'text' (allowed: string, bytes, path, "],
    [{ type: 'toString' }, "option 'type': unknown value 'toString', did you mean 'string'? (allowed: "],
    [{ type: undefined }, 'has no type'],
    [{ extract: undefined }, 'has no extract function'],
    [{ extract: 'x' }, "option 'extract': expected a function, got 'x'"],
    [{ scope: 'fd' }, "unknown scope 'fd' (allowed: event, thread)"],
    [{ list: true, anyOf: true }, 'list and anyOf exclude each other'],
    [{ list: 'yes' }, "option 'list': expected true or false, got 'yes'"],
    [{ arg: 'maybe' }, "option 'arg': unknown value 'maybe' (allowed: none, optional, required)"],
    [{ argKind: 'name' }, "option 'argKind': unknown value 'name' (allowed: index, key, path)"],
    [{ print: 'HEX' }, "option 'print': unknown value 'HEX' (allowed: dec, hex, "],
    [{ scop: 'thread' }, "unknown option 'scop', did you mean 'scope'? (allowed: type, list, "],
  ])('refuses %j', (field, message) => {
    expect(define(field)).toThrow(TypeError)
    expect(define(field)).toThrow(`source 'shop': field 'a.b': ${message}`)
  })

  test.each([
    [undefined, 'defineSource: expected an object (name, fields, '],
    [{ name: 'a' }, "source 'a': needs fields"],
    [{ name: 'a', fields: [] }, "defineSource: option 'fields': expected an object, got a list"],
    [{ name: 'a', fields: { 'a.b': null } }, "source 'a': field 'a.b': expected an object (type, "],
    [{ name: 'a', fields: {}, times: () => 0n }, "defineSource: unknown option 'times', did you mean 'time'?"],
  ])('refuses the source %j', (def, message) => {
    expect(() => defineSource(def as never)).toThrow(message)
  })

  test('accepts declared scopes and the built-in one, which cannot be declared', () => {
    expect(define({ scope: 'thread' })).not.toThrow()
    expect(define({ scope: 'event' })).not.toThrow()
    expect(() => defineSource({ name: 'shop', fields: {}, scopes: { event: () => undefined } })).toThrow(
      "the scope 'event'",
    )
  })

  test('refuses names that no condition could use', () => {
    for (const name of ['user', 'a b', 'a.b[1]', 'a.b-c', 'a.2', 'a..b', 'é.b'])
      expect(define({}, name)).toThrow(`field '${name}': not a name that rules can use`)
    expect(() => defineSource({ name: '', fields: {} })).toThrow('a source needs a name')
  })

  test('refuses event types that name an undeclared field', () => {
    const eventTypes = { all: [1], fields: ['a.c'], typesOf: () => undefined, valueOf: () => undefined }
    expect(() => defineSource({ name: 'shop', fields: { 'a.b': good }, eventTypes })).toThrow(
      "field 'a.c': named by eventTypes",
    )
  })
})
