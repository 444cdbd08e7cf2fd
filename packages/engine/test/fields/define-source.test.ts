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
  test('gives back the declaration', () => {
    const source = defineSource({ name: 'shop', fields: { 'a.b': good } })
    expect(source).toMatchObject({ kind: 'source', name: 'shop', fields: { 'a.b': good } })
  })

  test.each([
    [{ type: 'text' }, "source 'shop': field 'a.b': unknown type 'text'"],
    [{ type: 'toString' }, "source 'shop': field 'a.b': unknown type 'toString'"],
    [{ extract: undefined }, "source 'shop': field 'a.b': no extract function"],
    [{ scope: 'fd' }, "source 'shop': field 'a.b': unknown scope 'fd'"],
    [{ list: true, anyOf: true }, "source 'shop': field 'a.b': list and anyOf exclude each other"],
    [{ arg: 'maybe' }, "source 'shop': field 'a.b': unknown arg 'maybe'"],
    [{ argKind: 'name' }, "source 'shop': field 'a.b': unknown argKind 'name'"],
    [{ print: 'HEX' }, "source 'shop': field 'a.b': unknown print 'HEX'"],
  ])('refuses %j', (field, message) => {
    expect(define(field)).toThrow(new TypeError(message))
  })

  test('knows the scopes that are declared', () => {
    expect(define({ scope: 'thread' })).not.toThrow()
    expect(define({ scope: 'event' })).not.toThrow()
    expect(() => defineSource({ name: 'shop', fields: {}, scopes: { event: () => undefined } })).toThrow(
      "the scope 'event'",
    )
  })

  test('refuses names that no condition could hold', () => {
    expect(define({}, 'a b')).toThrow("field 'a b': not a field name")
    expect(define({}, 'a.b[1]')).toThrow("field 'a.b[1]': not a field name")
    expect(() => defineSource({ name: '', fields: {} })).toThrow('a source needs a name')
  })

  test('event types name declared fields', () => {
    const eventTypes = { all: [1], fields: ['a.c'], typesOf: () => undefined, valueOf: () => undefined }
    expect(() => defineSource({ name: 'shop', fields: { 'a.b': good }, eventTypes })).toThrow(
      "field 'a.c': named by eventTypes",
    )
  })
})
