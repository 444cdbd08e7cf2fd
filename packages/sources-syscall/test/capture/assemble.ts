/** Puts captures together from the words of a case file; see `cases/`. */
import { Block } from '../../src/capture/block.ts'
import { PPME } from '../../src/events/ids.ts'
import { EVENT_FLAGS, EventFlag } from '../../src/events/table.ts'

/** Bytes of words such as `u32:7 i64:-1 "text\u0000" str:"counted text" ip:10.0.0.1 hex:00ff zeros:8 len4[u8:1 u8:2]`. */
export function assemble(words: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(valuesOf(words).flat())
}

/** One entry per word. */
function valuesOf(words: string): number[][] {
  const values: number[][] = []
  const pattern = /len4\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]|(?:(\w+):)?("(?:[^"\\]|\\.)*"|\S+)/g
  for (const [, entry, kind, value] of words.matchAll(pattern)) {
    if (entry !== undefined) {
      const bytes = [...assemble(entry)]
      values.push([...little(BigInt(bytes.length + 4), 4), ...bytes])
    } else values.push(bytesOf(kind ?? 'text', value!))
  }
  return values
}

function bytesOf(kind: string, value: string): number[] {
  const integer = /^[iu](8|16|32|64)$/.exec(kind)
  if (integer) return little(BigInt(value), Number(integer[1]) / 8)
  switch (kind) {
    case 'text':
      return [...new TextEncoder().encode(JSON.parse(value))]
    case 'str': {
      const bytes = [...new TextEncoder().encode(JSON.parse(value))]
      return [...little(BigInt(bytes.length), 2), ...bytes]
    }
    case 'ip':
      return value.split('.').map(Number)
    case 'hex':
      return value.match(/../g)?.map(pair => Number.parseInt(pair, 16)) ?? []
    case 'zeros':
      return new Array(Number(value)).fill(0)
    case 'empty':
      return []
  }
  throw new TypeError(`case file: unknown word ${kind}:${value}`)
}

function little(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

export function block(type: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const padding = -body.length & 3
  const total = 12 + body.length + padding
  return Uint8Array.from([
    ...little(BigInt(type), 4),
    ...little(BigInt(total), 4),
    ...body,
    ...new Array(padding).fill(0),
    ...little(BigInt(total), 4),
  ])
}

export const SECTION = block(Block.section, assemble('u32:0x1a2b3c4d u16:1 u16:2 u64:0xffffffffffffffff'))

/** An event block from `TID CODE WORD…`; each word is one parameter, `empty:` an empty one. Version 1 has no parameter count. */
export function eventBlock(type: number, text: string, flags = 0, time = 1_000_000_000n): Uint8Array<ArrayBuffer> {
  const [, tid, code, words] = /^(\S+) (\S+) ?(.*)$/.exec(text)!
  const id = /^\d+$/.test(code!) ? Number(code) : (PPME as Record<string, number>)[code!]!
  const params = valuesOf(words!.replaceAll(/empty:/g, 'zeros:0'))
  const old = type === Block.event1 || type === Block.eventFlags1
  const size = (EVENT_FLAGS[id] ?? 0) & EventFlag.large_payload ? 4 : 2
  const length = (old ? 22 : 26) + params.length * size + params.flat().length
  const withFlags = type === Block.eventFlags1 || type === Block.eventFlags2 || type === Block.eventFlags2Large
  return block(
    type,
    Uint8Array.from([
      ...little(3n, 2),
      ...(withFlags ? little(BigInt(flags), 4) : []),
      ...little(time, 8),
      ...little(BigInt(tid!), 8),
      ...little(BigInt(length), 4),
      ...little(BigInt(id), 2),
      ...(old ? [] : little(BigInt(params.length), 4)),
      ...params.flatMap(bytes => little(BigInt(bytes.length), size)),
      ...params.flat(),
    ]),
  )
}

export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
