import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { alerts } from '../../src/alert/alerts.ts'
import { compileOutput } from '../../src/alert/compile-output.ts'
import { parseAlert } from '../../src/alert/parse-alert.ts'
import { compileCondition } from '../../src/bytecode/compile-condition.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { Engine } from '../../src/engine/engine.ts'
import { defineSource } from '../../src/fields/field.ts'
import { PRIORITIES } from '../../src/rules/priority.ts'
import { people } from './people.ts'

const absent = { doc: 'd', extract: () => undefined }
const shell = defineSource<object>({
  name: 'shell',
  fields: {
    'proc.name': { type: 'string', ...absent },
    'proc.names': { type: 'string', anyOf: true, ...absent },
    'proc.aname': { type: 'string', arg: 'optional', argKind: 'index', ...absent },
    'proc.pid': { type: 'int64', ...absent },
    'proc.tty': { type: 'bool', ...absent },
    'proc.load': { type: 'double', ...absent },
    'fd.port': { type: 'port', ...absent },
    'fd.port.hex': { type: 'uint16', print: 'hex', ...absent },
    'fd.ip': { type: 'ipaddr', anyOf: true, ...absent },
    'file.path': { type: 'path', ...absent },
    'user.groups': { type: 'string', list: true, ...absent },
    'evt.arg': { type: 'string', arg: 'required', argKind: 'key', ...absent },
    'k8s.ns.name': { type: 'string', ...absent },
    'big.number': { type: 'uint64', ...absent },
  },
})
const door = defineSource<object>({ name: 'door', fields: { 'door.name': { type: 'string', ...absent } } })
const sources = [shell, door]

const cases = readCaseFile(new URL('../cases/alerts/conditions.txt', import.meta.url))

test.each(cases.map(one => [one.title, one] as const))('%s', (_, one) => {
  const alert = parseAlert(one.text('alert'))
  const outcome = (make: () => string) => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error
      return `${error.span.line}:${error.span.column}: ${error.message}`
    }
  }
  one.expectRows('conditions', text =>
    outcome(() => {
      const [vm, jit] = (['vm', 'jit'] as const).map(backend =>
        compileCondition(text, alerts({ sources }), { backend }).test(alert),
      )
      expect(vm).toBe(jit)
      return String(vm)
    }),
  )
  one.expectRows('templates', text => outcome(() => compileOutput(text, alerts({ sources }))(alert)))
})

describe('without sources', () => {
  const alert = parseAlert(cases[0]!.text('alert'))
  test.each([
    'k8s.ns.name in (prod, payments) and alert.priority >= Warning',
    'ct.user = root and proc.pid = 42 and proc.tty = true',
    'proc.aname[2] = sshd and evt.arg[mode] = 0777',
    'user.groups contains wheel',
    'not no.such exists',
  ])('any field can be used, as text: %s', condition => {
    const compiled = compileCondition(condition, alerts())
    expect(compiled.test(alert)).toBe(true)
    expect(compiled.warnings).toEqual([])
  })
})

test('priorities compare in their order, for every pair', () => {
  for (const [i, a] of PRIORITIES.entries())
    for (const [j, b] of PRIORITIES.entries())
      for (const [op, holds] of [
        ['>=', i <= j],
        ['>', i < j],
        ['<=', i >= j],
        ['<', i > j],
      ] as const) {
        const alert = { ...parseAlert(cases[0]!.text('alert')), priority: a }
        expect(compileCondition(`alert.priority ${op} ${b}`, alerts()).test(alert), `${a} ${op} ${b}`).toBe(holds)
      }
})

test('no output field value is reported as a failure, whatever its type', () => {
  const value = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null), fc.array(fc.string()))
  const base = parseAlert(cases[0]!.text('alert'))
  const names = Object.keys(shell.fields).filter(name => name !== 'evt.arg')
  const failures: unknown[] = []
  const conditions = names.map(name =>
    compileCondition(`${name} exists`, alerts({ sources }), { onError: failure => failures.push(failure) }),
  )
  fc.assert(
    fc.property(value, given => {
      const output_fields = Object.fromEntries(names.map(name => [name, given]))
      for (const condition of conditions) condition.test({ ...base, output_fields })
      expect(failures).toEqual([])
    }),
  )
})

test('a rule can take alerts as its events', () => {
  const engine = new Engine({ sources: [alerts({ sources: [people] })], identity: 'hub' })
  const rule = {
    ...{ rule: 'Ada', desc: 'd', condition: 'alert.priority >= Notice and who.name = ada and who.id < 8' },
    ...{ output: 'again %who.name: %alert.rule', priority: 'ERROR', source: 'alert' },
  }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  const alert = parseAlert(
    '{"rule":"Watch","priority":"Notice","time":"2026-11-24T10:00:00Z","output_fields":{"who.name":"ada","who.id":7}}',
  )
  const [first] = engine.evaluate('alert', alert)
  expect(first?.message).toBe('again ada: Watch')
  expect(first?.time).toBe(alert.time)
  expect(engine.evaluate('alert', alert)[0]?.id).toBe(first?.id)
  expect(first?.id).not.toBe(alert.id)
})
