/** An event as a line of a scene. */
import type { SyscallEvent } from '../event.ts'
import { FLAG_TABLES } from '../events/flags.ts'
import { PARAM_SIZES, type ParamInfo } from '../events/params.ts'
import { EVENTS } from '../events/table.ts'
import { objectOf } from '../state/objects.ts'
import { encode, infoOf, OBJECT_KEYS } from './notation.ts'
import { numeric } from './scene.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** `TID NAME param=value…`: the line means these bytes again. */
export function eventLine(event: SyscallEvent): string {
  const info = EVENTS[event.type]!
  const plain = info.enter ? `${info.name}>` : info.name
  const name = isNamed(plain, info.id) ? plain : `${info.name}#${info.id}`
  const words = info.params.slice(0, event.nparams).flatMap((param, i) => {
    const from = event.paramOffset(i)
    const bytes = event.bytes.subarray(from, from + event.paramLength(i))
    return bytes.length === 0 ? [] : [`${param.name}=${quoted(valueText(name, param, bytes))}`]
  })
  const { resolved, hostPath } = event
  if (resolved !== '') words.push(`resolved=${quoted(resolved)}`)
  if (hostPath !== '') words.push(`host=${quoted(hostPath)}`)
  OBJECT_KEYS.forEach((key, i) => {
    const object = objectOf(event, i)
    if (object !== '') words.push(`${key}=${quoted(object)}`)
  })
  return [event.tid, name, ...words].join(' ')
}

function isNamed(name: string, id: number): boolean {
  try {
    return infoOf(name).id === id
  } catch {
    return false
  }
}

/** A value as a scene has it: in quotes where it would not be one word. */
export function quoted(value: string): string {
  return /^[^\s"\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)
}

/** The first way of writing a value that gives its bytes again. */
function valueText(event: string, param: ParamInfo, bytes: Uint8Array): string {
  const found = ways(param, bytes).find(text => {
    try {
      return isSame(encode(param, numeric(event, param.name, text)), bytes)
    } catch {
      return false
    }
  })
  return found ?? `0x${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`
}

function ways(param: ParamInfo, bytes: Uint8Array): string[] {
  const size = PARAM_SIZES[param.type]
  if (size > 8) return []
  if (size > 0) {
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    const number = String(/^(int|errno|fd|pid)/.test(param.type) ? BigInt.asIntN(8 * size, value) : value)
    const flags = param.flags == null ? undefined : FLAG_TABLES.get(param.flags)
    const name = flags?.find(one => BigInt(one.value) === value)?.name
    const parts = flags?.filter(one => BigInt(one.value) !== 0n && (value & BigInt(one.value)) === BigInt(one.value))
    return [name, parts?.map(one => one.name).join('|'), number].filter(
      text => text !== undefined && text !== '',
    ) as string[]
  }
  if (param.type === 'sockaddr' || param.type === 'socktuple') return [endpointsText(param.type, bytes)]
  try {
    const text = decoder.decode(bytes).replace(/\0$/, '')
    return [text.replaceAll('\0', '|'), text]
  } catch {
    return []
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** A guess: what does not give the bytes again is written otherwise. */
function endpointsText(type: string, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const path = (from: number) => new TextDecoder().decode(bytes.subarray(from)).replace(/\0$/, '')
  if (bytes[0] === 1) return type === 'sockaddr' ? path(1) : `${view.getBigUint64(1, true).toString(16)}->${path(17)}`
  const length = bytes[0] === 2 ? 4 : 16
  const ends: string[] = []
  for (let at = 1; at + length + 2 <= bytes.length; at += length + 2) {
    ends.push(`${addressText(bytes.subarray(at, at + length))}:${view.getUint16(at + length, true)}`)
  }
  return ends.join('->')
}

/** An IP address as scenes have it: the groups of IPv6 in full, in brackets. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16))
  return `[${groups.join(':')}]`
}
