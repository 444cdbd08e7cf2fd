/** Events and table entries as the lines that case files expect. */
import { emptyFd } from '../../src/capture/descriptors.ts'
import { emptyProcess } from '../../src/capture/processes.ts'
import type { FdEntry, ProcessEntry } from '../../src/capture/visitor.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { PARAM_SIZES } from '../../src/events/params.ts'
import { EVENTS } from '../../src/events/table.ts'

export function printEvent(event: SyscallEvent): string {
  const info = EVENTS[event.type]!
  const params = info.params.slice(0, event.nparams).map((param, i) => `${param.name}=${printParam(event, i)}`)
  const flags = event.blockFlags ? ` [flags ${event.blockFlags}]` : ''
  return [`${event.num} ${event.tid} ${info.code}${flags}`, ...params].join(' ')
}

function printParam(event: SyscallEvent, i: number): string {
  if (!event.has(i)) return '-'
  const { type } = EVENTS[event.type]!.params[i]!
  const signed = /^(int|errno|fd|pid)/.test(type)
  switch (PARAM_SIZES[type]) {
    case 1:
      return String(signed ? event.int8(i) : event.uint8(i))
    case 2:
      return String(signed ? event.int16(i) : event.uint16(i))
    case 4:
      return String(signed ? event.int32(i) : event.uint32(i))
    case 8:
      return String(signed ? event.int64(i) : event.uint64(i))
  }
  if (type === 'string' || type === 'path' || type === 'relpath') return JSON.stringify(event.text(i))
  return Array.from(event.blob(i), byte => byte.toString(16).padStart(2, '0')).join('')
}

export const printProcess = (process: ProcessEntry): string =>
  print('process', process, emptyProcess(process.tid, process.pid, process.ptid), ['tid', 'pid', 'ptid'])

export const printFd = (tid: number, fd: FdEntry): string => print(`fd of ${tid}`, fd, emptyFd(0, 0), ['fd', 'type'])

/** What differs from an empty entry, and the given keys in any case. */
function print(title: string, entry: object, empty: object, always: readonly string[]): string {
  const words = Object.entries(entry)
    .filter(([key, value]) => always.includes(key) || json(value) !== json((empty as Record<string, unknown>)[key]))
    .map(([key, value]) => `${key}=${json(value)}`)
  return [title, ...words].join(' ')
}

export function json(value: unknown): string {
  return JSON.stringify(value, (_, inner) => {
    if (typeof inner === 'bigint') return Number(inner)
    return inner instanceof Uint8Array ? [...inner].join('.') : inner
  })
}
