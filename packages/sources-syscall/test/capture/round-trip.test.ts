import { readFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyFd } from '../../src/capture/descriptors.ts'
import { emptyProcess } from '../../src/capture/processes.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import type { FdEntry, ProcessEntry } from '../../src/capture/visitor.ts'
import { CaptureWriter } from '../../src/capture/writer.ts'
import { FdKind } from '../../src/model/fd.ts'
import { eventBlock, join, SECTION } from './assemble.ts'
import { printEvent } from './print.ts'

/** Everything that a capture holds, in order; what is read is also written to `writer`. */
function read(bytes: Uint8Array, writer?: CaptureWriter): unknown[] {
  const seen: unknown[] = []
  const reader = new CaptureReader({
    onMachine(machine) {
      seen.push(machine)
      writer?.machine(machine)
    },
    onProcess(process) {
      seen.push(process)
      writer?.processes([process])
    },
    onFd(tid, fd) {
      seen.push(tid, fd)
      writer?.fds(tid, [fd])
    },
    onInterfaces(interfaces) {
      seen.push(interfaces)
      writer?.interfaces(interfaces)
    },
    onUsers(users, groups) {
      seen.push(users, groups)
      writer?.users(users, groups)
    },
  })
  reader.push(bytes)
  reader.end()
  while (reader.next()) {
    const { event } = reader
    seen.push(`${event.cpu} ${event.time} ${printEvent(event)}`)
    writer?.write(event)
  }
  return seen
}

function rewrite(bytes: Uint8Array): { seen: unknown[]; written: Uint8Array } {
  const pieces: Uint8Array[] = []
  const writer = new CaptureWriter(piece => pieces.push(piece.slice()))
  const seen = read(bytes, writer)
  writer.flush()
  return { seen, written: join(pieces) }
}

describe('after writing and reading again', () => {
  test('a recorded capture is unchanged', () => {
    const file = path(import.meta.dirname, '../../../../examples/captures/host-a.scap')
    const { seen, written } = rewrite(gunzipSync(readFileSync(file)))
    expect(seen.length).toBeGreaterThan(5000)
    expect(read(written)).toEqual(seen)
  })

  test('an old capture has the current format', () => {
    const old = join([
      SECTION,
      eventBlock(0x204, '5 SYSCALL_CLOSE_E i64:3'),
      eventBlock(0x204, '5 SYSCALL_CLOSE_X i64:0'),
    ])
    const { seen, written } = rewrite(old)
    expect(seen).toEqual(['3 1000000000 1 5 SYSCALL_CLOSE_X res=0 fd=3'])
    expect(read(written)).toEqual(seen)
  })

  test('events of all block kinds are unchanged, even above 64 KiB', () => {
    const long = `hex:${'ab'.repeat(70_000)}`
    const bytes = join([
      SECTION,
      eventBlock(0x221, `5 PLUGINEVENT_E u32:1 ${long}`),
      eventBlock(0x222, `5 PLUGINEVENT_E u32:1 ${long}`, 1),
      eventBlock(0x217, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"', 1),
    ])
    const { seen, written } = rewrite(bytes)
    expect(seen.length).toBe(3)
    expect(read(written)).toEqual(seen)
  })
})

describe('tables', () => {
  const text = fc.string({ maxLength: 60, unit: fc.constantFrom('a', 'Z', '/', 'é', ' ', '\u{1f600}') })
  const id = fc.integer({ min: -1, max: 2 ** 40 })
  const u32 = fc.integer({ min: 0, max: 0xffffffff })
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const process: fc.Arbitrary<ProcessEntry> = fc.record({
    ...constants(emptyProcess(0, 0, 0)),
    tid: id,
    pid: id,
    ptid: id,
    sid: id,
    vtid: id,
    pgid: id,
    comm: text,
    exepath: text,
    args: fc.array(text, { maxLength: 5 }),
    env: fc.array(text, { maxLength: 5 }),
    cgroups: fc.array(text, { maxLength: 5 }),
    flags: u32,
    uid: u32,
    loginuid: u32,
    capEffective: u64,
    exeWritable: fc.boolean(),
    exeFromMemfd: fc.boolean(),
    exeMtime: u64,
  })
  const address = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  const kind = (
    type: number,
    fields: Partial<{ [K in keyof FdEntry]: fc.Arbitrary<FdEntry[K]> }>,
  ): fc.Arbitrary<FdEntry> =>
    fc.record({ ...constants(emptyFd(0, type)), fd: id, ino: u64, ...fields } as {
      [K in keyof FdEntry]: fc.Arbitrary<FdEntry[K]>
    })
  const port = fc.integer({ min: 0, max: 0xffff })
  const l4proto = fc.integer({ min: 0, max: 5 })
  const fd = fc.oneof(
    kind(FdKind.fileV2, { name: text, openFlags: u32, dev: u32 }),
    kind(FdKind.unixSocket, { name: text, unixSource: u64, unixPeer: u64 }),
    kind(FdKind.ipv4Socket, { sip: address(4), dip: address(4), sport: port, dport: port, l4proto }),
    kind(FdKind.ipv6Socket, { sip: address(16), dip: address(16), sport: port, dport: port, l4proto }),
    kind(FdKind.ipv4Server, { sip: address(4), sport: port, l4proto }),
    kind(FdKind.ipv6Server, { sip: address(16), sport: port, l4proto }),
    ...[FdKind.fifo, FdKind.directory, FdKind.memfd, FdKind.pidfd, FdKind.netlink].map(type =>
      kind(type, { name: text }),
    ),
  )

  test('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(process, { maxLength: 8 }), fc.array(fd, { maxLength: 8 }), (processes, fds) => {
        const pieces: Uint8Array[] = [SECTION]
        const writer = new CaptureWriter(piece => pieces.push(piece.slice()))
        writer.processes(processes)
        writer.fds(7, fds)
        writer.flush()
        const chdir = eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')
        const seen = read(join([...pieces.slice(1), chdir])).slice(0, -1)
        expect(seen).toEqual([...processes, ...fds.flatMap(entry => [7, entry])])
        expect(writer.truncated).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  test('texts beyond the format’s limits are cut and counted; long lists take several blocks', () => {
    const pieces: Uint8Array[] = []
    const writer = new CaptureWriter(piece => pieces.push(piece.slice()))
    const long = { ...emptyProcess(1, 1, 0), comm: 'x'.repeat(2000), args: ['y'.repeat(5000)] }
    writer.processes(Array.from({ length: 200 }, () => long))
    writer.flush()
    const seen = read(join([...pieces, eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')])) as ProcessEntry[]
    expect(seen.length).toBe(201)
    expect(seen[199]!.comm.length).toBe(1024)
    expect(seen[199]!.args[0]!.length).toBe(4096)
    expect(writer.truncated).toBe(400)
  })
})

function constants<T extends object>(entry: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, fc.constant(value)])) as any
}
