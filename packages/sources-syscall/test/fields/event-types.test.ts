import { expect, test } from 'vitest'
import { EVENTS, EventClass } from '../../src/events/table.ts'
import { eventTypes } from '../../src/fields/event-types.ts'
import { readCases } from './cases.ts'

const types = eventTypes(['container', 'container_removed'])

test.each(readCases('event-types.txt'))('$line: $text', ({ text }) => {
  const [, field, value, codes] = /^(\S+) = (\S+) -> ?(.*)$/.exec(text)!
  const ids = types.typesOf(field!, value!)
  expect(ids === undefined ? 'unknown' : ids.map(id => EVENTS[id]!.code).join(' ')).toBe(codes)
})

test('each type that rules see has its name among the values of evt.type, and finds itself by it', () => {
  for (const id of types.all) {
    const name = types.valueOf('evt.type', id)
    if (name === undefined) expect(['GENERIC_X', 'ASYNCEVENT_E']).toContain(EVENTS[id]!.code)
    else expect(types.typesOf('evt.type', name!)).toContain(id)
  }
})

test('syscall.type is absent where there is no system call', () => {
  for (const id of types.all) {
    const isCall = (EVENTS[id]!.classes & EventClass.syscall) !== 0
    expect(types.valueOf('syscall.type', id) === null).toBe(!isCall)
  }
})

test('no enter event of a system call is seen by rules', () => {
  const enters = types.all.filter(id => EVENTS[id]!.enter && EVENTS[id]!.classes & EventClass.syscall)
  expect(enters).toEqual([])
})
