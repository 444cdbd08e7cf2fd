import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SyscallEvent } from '../../src/event.ts'
import { EVENTS, EventFlag } from '../../src/events/table.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { SyscallState } from '../../src/state/state.ts'

/** Arguments to try on fields that take one. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'evt.arg': ['fd', 'name', 'flags', 'data', 'tuple', '0', '31'],
  'evt.rawarg': ['fd', 'name', 'flags', 'data', 'uid'],
  'evt.type.is': ['open', '3'],
  'evt.abspath': ['src', 'dst'],
  'evt.around': [],
}

const questions = Object.entries(SYSCALL_FIELDS).flatMap(([name, def]) => {
  const texts = def.arg ? (KEYS[name] ?? (def.argKind === 'index' ? ['0', '3'] : ['PATH', '2'])) : []
  const args = texts.map(text => (def.parseArg ? def.parseArg(text) : def.argKind === 'index' ? Number(text) : text))
  return [...(def.arg === 'required' ? [] : [undefined]), ...args].map(arg => ({ name, def, arg }))
})

const events = fc.constantFrom(...EVENTS).chain(info => {
  const params = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 0, maxLength: info.params.length })
  return fc.record({ info: fc.constant(info), params, tid: fc.integer({ min: 0, max: 20 }) })
})

test('no field throws, whatever an event holds', () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 12 }), stream => {
      const state = new SyscallState()
      for (const { info, params, tid } of stream) {
        const event = encode(info.id, params, tid)
        state.apply(event)
        for (const { name, def, arg } of questions) {
          try {
            def.extract(event, arg)
            def.toJson?.(event, arg)
          } catch (error) {
            throw new Error(`${name} of ${info.code}`, { cause: error })
          }
        }
      }
    }),
    { numRuns: 150 },
  )
})

test('every field has a description', () => {
  for (const [name, def] of Object.entries(SYSCALL_FIELDS)) expect(def.doc.length, name).toBeGreaterThan(9)
})

function encode(id: number, params: readonly Uint8Array[], tid: number): SyscallEvent {
  const lengthSize = EVENTS[id]!.flags & EventFlag.large_payload ? 4 : 2
  const size = 26 + params.length * lengthSize + params.reduce((sum, param) => sum + param.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, 1_700_000_000_000_000_000n, true)
  view.setBigInt64(8, BigInt(tid), true)
  view.setUint32(16, size, true)
  view.setUint16(20, id, true)
  view.setUint32(22, params.length, true)
  let at = 26 + params.length * lengthSize
  for (const [i, param] of params.entries()) {
    view.setUint8(26 + i * lengthSize, param.length)
    bytes.set(param, at)
    at += param.length
  }
  const event = new SyscallEvent()
  if (!event.attach(bytes, view, 0, size)) throw new TypeError('not an event')
  return event
}
