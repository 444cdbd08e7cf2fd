import { readFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { FUZZ_SEED, fuzzRuns } from '../../../../scripts/testing/fuzz.ts'
import { CaptureError } from '../../src/capture/capture-error.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { CaptureWriter } from '../../src/capture/writer.ts'
import { assemble, block, eventBlock, join, SECTION } from './assemble.ts'

const RUNS = fuzzRuns(300)
const FIRST = FUZZ_SEED ?? 1

/** Edge cases of lengths and counts. */
const EDGES = [
  0, 1, 3, 4, 7, 11, 12, 21, 22, 25, 26, 27, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
  0xfffffffc, 0xffffffff,
]

/** A repeatable source of numbers below `limit` (mulberry32). */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

/** The start of a recorded capture, with its tables, and an artificial one with tables and events of old versions. */
function seeds(): Uint8Array[] {
  const recorded = gunzipSync(readFileSync(path(import.meta.dirname, '../../../../examples/captures/host-a.scap')))
  let end = 0
  while (end < 40_000) end += recorded.readUInt32LE(end + 4)
  const old = join([
    SECTION,
    block(0x201, assemble('u32:4 u64:1 u64:2 "box" zeros:125 u64:3 u64:0 zeros:16')),
    block(0x205, assemble('u16:1 u16:2 ip:127.0.0.1 ip:255.0.0.0 ip:0.0.0.0 u64:10 "lo"')),
    block(0x220, assemble('len4[u8:0 u32:0 u32:0 str:"root" str:"/root" str:"/bin/sh"] len4[u8:1 u32:5 str:"staff"]')),
    block(
      0x213,
      assemble(
        'u64:7 u64:7 u64:1 u64:7 str:"sh" str:"sh" str:"/bin/sh" str:"" str:"/" u64:1 zeros:12 zeros:12 zeros:16 str:"A=1\\u0000" i64:3 i64:2 str:"cpu=/\\u0000" str:"/r"',
      ),
    ),
    block(
      0x203,
      assemble('u64:7 u64:0 u64:1 u8:2 str:"/dir" u64:1 u64:2 u8:3 ip:10.0.0.1 ip:10.0.0.2 u16:1000 u16:80 u8:2'),
    ),
    block(0x218, assemble('u64:7 len4[u64:4 u64:9 u8:16 u32:1 str:"/f" u32:2049] len4[u64:6 u64:0 u8:200 zeros:9]')),
    eventBlock(0x204, '5 SYSCALL_CLOSE_E i64:3'),
    eventBlock(0x204, '5 SYSCALL_CLOSE_X i64:0'),
    eventBlock(0x208, '5 SYSCALL_READ_E i64:3 u32:100', 1),
    eventBlock(0x216, '5 SYSCALL_READ_X i64:2 hex:6869'),
    eventBlock(
      0x216,
      '5 SYSCALL_EXECVE_8_X i64:0 "/bin/true\\u0000" "-x\\u0000" i64:5 i64:5 i64:1 "/root\\u0000" u64:1024',
    ),
    eventBlock(0x216, '0 CONTAINER_E "c0ffee\\u0000" u32:1 "web\\u0000" "nginx\\u0000"'),
    eventBlock(0x221, '0 PLUGINEVENT_E u32:1 hex:aabbcc'),
    SECTION,
    eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"'),
  ])
  return [Uint8Array.from(recorded.subarray(0, end)), old]
}

function mutate(original: Uint8Array, next: (limit: number) => number): Uint8Array {
  let bytes = original.slice()
  for (let left = 1 + next(6); left > 0; left--) {
    // The section header is rarely changed: without it there is nothing to read.
    const at = next(20) === 0 ? next(bytes.length) : Math.min(SECTION.length + next(bytes.length), bytes.length - 1)
    switch (next(8)) {
      case 0:
        bytes[at] = next(256)
        break
      case 1:
        bytes[at]! ^= 1 << next(8)
        break
      case 2:
        write(bytes, at, EDGES[next(EDGES.length)]!, 4)
        break
      case 3:
        write(bytes, at, EDGES[next(EDGES.length)]!, 2)
        break
      case 4:
        bytes = join([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + next(64)))])
        break
      case 5:
        bytes = join([bytes.subarray(0, at), bytes.subarray(at, at + next(200)), bytes.subarray(at)])
        break
      case 6:
        // A field of a block's or an event's header.
        write(bytes, blockStart(bytes, next(60)) + next(9) * 4, EDGES[next(EDGES.length)]!, 1 << next(3))
        break
      default:
        if (next(4) === 0) bytes = bytes.slice(0, at)
    }
    if (bytes.length === 0) return bytes
  }
  return bytes
}

function write(bytes: Uint8Array, at: number, value: number, size: number): void {
  for (let i = 0; i < size && at + i < bytes.length; i++) bytes[at + i] = value >>> (8 * i)
}

function blockStart(bytes: Uint8Array, index: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  for (; index > 0 && at + 8 < bytes.length; index--) {
    const total = view.getUint32(at + 4, true)
    if (total < 12 || at + total > bytes.length) break
    at += total
  }
  return at
}

/** Reads a capture in chunks, decodes all parameters of each event, writes what it reads. @returns why it stopped */
function readAll(bytes: Uint8Array, chunk: number): { code: string; events: number; written: number } {
  let written = 0
  const writer = new CaptureWriter(piece => {
    written += piece.length
  })
  let entries = 0
  const reader = new CaptureReader({
    onProcess: process => writer.processes([process]),
    onFd: (tid, fd) => writer.fds(tid, [fd]),
    onInterfaces: interfaces => writer.interfaces(interfaces),
    onUsers: (users, groups) => writer.users(users, groups),
    onSection: () => entries++,
  })
  const result = (code: string) => {
    writer.flush()
    return { code, events: reader.counts.events, written }
  }
  try {
    for (let at = 0; at < bytes.length; at += chunk) {
      reader.push(bytes.subarray(at, at + chunk))
      while (reader.next()) ask(reader, writer)
    }
    reader.end()
    while (reader.next()) ask(reader, writer)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    if (error.offset < 0 || error.offset > bytes.length) throw new Error(`offset ${error.offset} of ${bytes.length}`)
    return result(error.code)
  }
  return result('')
}

function ask({ event }: CaptureReader, writer: CaptureWriter): void {
  for (let i = 0; i < 33; i++) {
    event.text(i)
    event.textList(i)
    event.blob(i)
    if (
      !Number.isFinite(event.int64Number(i) + event.uint64Number(i) + event.int32(i) + event.uint16(i) + event.int8(i))
    )
      throw new Error('not a number')
  }
  if (event.time < 0n) throw new Error('time below 0')
  writer.write(event)
}

test(`${RUNS} mutated captures: an error with its offset or the end, no crash, no hang, bounded memory`, {
  timeout: 3_600_000,
}, () => {
  const originals = seeds()
  const stops = new Map<string, number>()
  for (const original of originals) expect(readAll(original, 1000).code).toBe('')
  const before = process.memoryUsage().rss
  /** CPU time of one capture, in ms. */
  let most = 0
  for (let run = FIRST; run < FIRST + RUNS; run++) {
    const next = numbers(run)
    const original = originals[next(originals.length)]!
    const bytes = mutate(original, next)
    const started = process.threadCpuUsage()
    try {
      const { code, events, written } = readAll(bytes, 1 + next(next(2) ? 100 : 100_000))
      stops.set(code, (stops.get(code) ?? 0) + 1)
      expect(events).toBeLessThanOrEqual(bytes.length / 36)
      expect(written).toBeLessThanOrEqual(bytes.length * 20 + 1000)
    } catch (error) {
      throw new Error(`mutated capture ${run} (FALC_FUZZ_SEED=${run})`, { cause: error })
    }
    const { user, system } = process.threadCpuUsage(started)
    most = Math.max(most, (user + system) / 1000)
  }
  expect(most).toBeLessThan(5000)
  expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20)
  if (RUNS > 1000)
    console.log(
      `most ${most.toFixed(1)} ms, stopped by: ${[...stops].map(([code, n]) => `${code || 'end'} ${n}`).join(', ')}`,
    )
})
