import { describe, expect, test } from 'vitest'
import { ConditionError } from '../../src/condition/error.ts'
import { eventContext, genericFields, staticFields } from '../../src/fields/evt.ts'
import { defineSource } from '../../src/fields/field.ts'
import { FieldTable } from '../../src/fields/table.ts'

const extract = () => undefined
const source = defineSource({
  name: 'mock',
  fields: {
    'evt.arg': { type: 'string', arg: 'required', argKind: 'key', doc: '', extract },
    'evt.rawarg': {
      ...{ type: 'dyn', arg: 'required', argKind: 'key', doc: '', extract },
      refine: name => (name === 'size' ? { type: 'uint32', print: 'hex' } : { type: 'string' }),
    },
    'proc.aname': { type: 'string', arg: 'optional', argKind: 'index', doc: '', extract },
    'proc.name': { type: 'string', doc: '', extract },
    'json.value': {
      ...{ type: 'string', arg: 'required', argKind: 'path', doc: '', extract },
      parseArg: path => {
        if (!path.startsWith('/')) throw new Error('a pointer starts with /')
        return path.split('/').slice(1)
      },
    },
    'evt.source': { type: 'string', doc: 'the source has its own', extract: () => 'own' },
  },
})
const table = new FieldTable(source, {
  ...genericFields(source, eventContext('host-1')),
  ...staticFields({ site: 'lab' }),
})

describe('FieldTable', () => {
  test('finds fields with and without an argument, which may follow a dot', () => {
    expect(table.resolve('proc.name')).toMatchObject({ name: 'proc.name', text: 'proc.name', arg: undefined })
    expect(table.resolve('proc.aname', '2')).toMatchObject({ name: 'proc.aname', text: 'proc.aname[2]', arg: 2 })
    expect(table.resolve('evt.arg.flags')).toBe(table.resolve('evt.arg', 'flags'))
    expect(table.resolve('evt.arg.a.b')).toMatchObject({ text: 'evt.arg[a.b]', arg: 'a.b' })
    expect(table.resolve('json.value', '/a/b').arg).toEqual(['a', 'b'])
  })

  test('an argument may determine the type', () => {
    expect(table.resolve('evt.rawarg.size')).toMatchObject({ type: 'uint32', print: 'hex' })
    expect(table.resolve('evt.rawarg.name')).toMatchObject({ type: 'string', print: undefined })
  })

  test('has the generic fields, unless the source declares its own', () => {
    expect(table.resolve('evt.hostname').def.extract({})).toBe('host-1')
    expect(table.resolve('evt.source').def.extract({})).toBe('own')
    expect(table.resolve('static.site').def.extract({})).toBe('lab')
  })

  test.each([
    ['proc.nmae', undefined, 'filter_check called with nonexistent field proc.nmae, did you mean proc.name?'],
    ['some.thing', undefined, 'filter_check called with nonexistent field some.thing'],
    ['proc.name', '1', 'filter_check called with nonexistent field proc.name[1] (proc.name takes no argument)'],
    ['proc.name.x', undefined, 'filter_check called with nonexistent field proc.name.x, did you mean proc.name?'],
    ['evt.arg', undefined, "filter error: field 'evt.arg' requires an argument"],
    ['proc.aname', 'x', "filter error: can't parse field expression 'proc.aname[x]': not an index"],
    ['proc.aname', '-1', "filter error: can't parse field expression 'proc.aname[-1]': not an index"],
    ['json.value', 'a', "filter error: can't parse field expression 'json.value[a]': a pointer starts with /"],
    ['toString', undefined, 'filter_check called with nonexistent field toString'],
  ])('refuses %s[%s]', (name, arg, message) => {
    const span = { offset: 3, line: 1, column: 4, length: 5 }
    try {
      table.resolve(name, arg, span)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ConditionError)
      const code = message.includes('nonexistent') ? 'unknown-field' : 'field'
      expect(error).toMatchObject({ code, message, span })
    }
    expect(table.lookup(name, arg)).toBeUndefined()
  })
})
