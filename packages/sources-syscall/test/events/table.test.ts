import { describe, expect, test } from 'vitest'
import { conversionOf } from '../../src/events/conversion.ts'
import { FLAG_TABLES } from '../../src/events/flags.ts'
import { PPME } from '../../src/events/ids.ts'
import { ERRNO_NAMES, SIGNAL_NAMES } from '../../src/events/names.ts'
import { DYN_TABLES, PARAM_SIZES } from '../../src/events/params.ts'
import { positions } from '../../src/events/positions.ts'
import { SYSCALL_CODES, SYSCALL_NAMES, syscallsOf, X86_64_SYSCALLS } from '../../src/events/syscalls.ts'
import { EVENTS, EventClass, EventFlag, eventIdsOf } from '../../src/events/table.ts'

describe('event table', () => {
  test('has every id once, and PPME names them all', () => {
    expect(EVENTS.map(event => event.id)).toEqual(EVENTS.map((_, id) => id))
    expect(Object.fromEntries(EVENTS.map(event => [event.code, event.id]))).toEqual(PPME)
  })

  test('enter and exit events alternate', () => {
    expect(EVENTS.filter((event, id) => event.enter !== (id % 2 === 0)).map(event => event.code)).toEqual([])
  })

  test('names flag tables, variants and directories that exist', () => {
    for (const { code, params } of EVENTS) {
      expect(params.length, code).toBeLessThanOrEqual(32)
      for (const param of params) {
        if (param.flags !== null) expect(FLAG_TABLES.has(param.flags), `${code} ${param.flags}`).toBe(true)
        if (param.type === 'relpath') expect(params[param.dirfd]?.type, code).toBe('fd')
        else expect(param.dirfd, code).toBe(-1)
        expect(param.type === 'dyn', code).toBe(param.variants !== null)
      }
    }
  })

  test('finds events by name', () => {
    expect(eventIdsOf('openat')).toContain(PPME.SYSCALL_OPENAT_2_X)
    expect(eventIdsOf('no such event')).toEqual([])
  })

  test('finds parameters by name, and refuses a wrong or ambiguous one', () => {
    expect(positions(['name', 'fd'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X')).toEqual({ name: 2, fd: 0 })
    expect(() => positions(['nothing'], 'SYSCALL_OPENAT_2_X')).toThrow('SYSCALL_OPENAT_2_X has no parameter nothing')
    expect(() => positions(['name'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPEN_X')).toThrow('is not where that of')
  })

  test('only three meta events have wide lengths, and none of them has older forms', () => {
    const wide = EVENTS.filter(event => event.flags & EventFlag.large_payload)
    expect(wide.map(event => event.code)).toEqual(['PLUGINEVENT_E', 'CONTAINER_JSON_2_E', 'ASYNCEVENT_E'])
    expect(wide.some(event => event.flags & EventFlag.converter_managed)).toBe(false)
  })

  test('variants have known types', () => {
    for (const variants of Object.values(DYN_TABLES))
      for (const variant of variants!) expect(variant.type in PARAM_SIZES).toBe(true)
  })
})

describe('conversions', () => {
  const current = (id: number): boolean => !(EVENTS[id]!.flags & (EventFlag.old_version | EventFlag.unused))

  test('lead to current events with the parameters of the table', () => {
    for (const event of EVENTS) {
      for (let nparams = 0; nparams <= 32; nparams++) {
        let conversion = conversionOf(event.id, nparams)
        let id = event.id
        let count = nparams
        for (let round = 0; conversion && round < 50; round++) {
          if (conversion.action !== 'append' && conversion.action !== 'change') break
          count = conversion.action === 'append' ? count + conversion.params.length : conversion.params.length
          id = conversion.action === 'change' ? conversion.to : id
          expect(count, `${event.code}/${nparams}`).toBeLessThanOrEqual(EVENTS[id]!.params.length)
          if (current(id) && count === EVENTS[id]!.params.length) break
          conversion = conversionOf(id, count)
          if (EVENTS[id]!.flags & EventFlag.converter_managed) {
            expect(conversion, `${event.code}/${nparams} ends as ${EVENTS[id]!.code}/${count}`).toBeDefined()
          }
        }
      }
    }
  })

  test('enter parameters exist in the enter event', () => {
    for (const event of EVENTS) {
      for (let nparams = 0; nparams <= 32; nparams++) {
        for (const param of conversionOf(event.id, nparams)?.params ?? []) {
          const source = param.from === 'enter' ? EVENTS[event.id - 1]! : event
          if (param.from === 'enter' || param.from === 'old')
            expect(param.index, event.code).toBeLessThan(source.params.length)
        }
      }
    }
  })
})

describe('system calls', () => {
  test('codes, names and native numbers agree', () => {
    expect(SYSCALL_NAMES[SYSCALL_CODES.get('openat')!]).toBe('openat')
    expect(SYSCALL_NAMES[X86_64_SYSCALLS[257]!]).toBe('openat')
    expect(X86_64_SYSCALLS[511]).toBe(-1)
    for (const [name, code] of SYSCALL_CODES) expect(SYSCALL_NAMES[code]).toBe(name)
  })

  test('every current system call event belongs to a call', () => {
    for (const event of EVENTS) {
      if (event.id < 2 || event.flags & EventFlag.unused || event.classes !== EventClass.syscall) continue
      expect(syscallsOf(event.id).length, event.code).toBeGreaterThan(0)
    }
  })

  test('an event may stand for several calls, for one or for none', () => {
    expect(syscallsOf(PPME.SYSCALL_FCNTL_X).map(code => SYSCALL_NAMES[code])).toEqual(['fcntl', 'fcntl64'])
    expect(syscallsOf(PPME.SOCKET_ACCEPT4_6_X).map(code => SYSCALL_NAMES[code])).toEqual(['accept4'])
    expect(syscallsOf(PPME.PROCEXIT_1_E).map(code => SYSCALL_NAMES[code])).toEqual(['sched_process_exit'])
    expect(syscallsOf(PPME.GENERIC_X)).toEqual([])
  })
})

test('error numbers and signals with several names have the first', () => {
  expect(ERRNO_NAMES.get(11)).toBe('EAGAIN')
  expect(SIGNAL_NAMES.get(9)).toBe('SIGKILL')
})
