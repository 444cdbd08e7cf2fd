import { expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { EVENTS, EventClass } from '../../src/events/table.ts'
import { eventTypes } from '../../src/fields/event-types.ts'

const types = eventTypes(['container', 'container_removed'])

test.each(readCaseFile(new URL('cases/event-types.txt', import.meta.url)))('$title', one => {
  one.expectRows('events', check => {
    const [field, value] = check.split(' = ')
    const ids = types.typesOf(field!, value!)
    return ids === undefined ? 'unknown' : ids.map(id => EVENTS[id]!.code).join(' ')
  })
})

test('each type that rules see is found by its value of evt.type', () => {
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

test('rules see no enter event of a system call', () => {
  const enters = types.all.filter(id => EVENTS[id]!.enter && EVENTS[id]!.classes & EventClass.syscall)
  expect(enters).toEqual([])
})
