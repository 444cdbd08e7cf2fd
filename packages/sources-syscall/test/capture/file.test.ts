import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CaptureError } from '../../src/capture/capture-error.ts'
import { CaptureFileWriter, openCapture } from '../../src/capture/file.ts'
import { captureInfo } from '../../src/capture/info.ts'
import { emptyProcess } from '../../src/capture/processes.ts'
import { assemble, block, eventBlock, join, SECTION } from './assemble.ts'
import { printEvent } from './print.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path(tmpdir(), 'falc-capture-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A capture of this many events, all different. */
function capture(count: number, first = 0): Uint8Array {
  const events = Array.from({ length: count }, (_, i) =>
    eventBlock(0x216, `5 SYSCALL_CHDIR_X i64:0 "/${(i + first) * 7919}\\u0000"`),
  )
  return join([SECTION, ...events])
}

async function read(bytes: Uint8Array): Promise<{ events: number; last: string; error?: CaptureError }> {
  const file = path(folder, 'capture.scap')
  writeFileSync(file, bytes)
  let events = 0
  let last = ''
  try {
    const capture = await openCapture(file)
    do {
      while (capture.next()) {
        events++
        last = printEvent(capture.event)
      }
    } while (await capture.fill())
    expect(capture.position).toBe(capture.size)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    return { events, last, error }
  }
  return { events, last }
}

const last = (index: number, num: number): string => `${num} 5 SYSCALL_CHDIR_X res=0 path="/${index * 7919}"`

test('plain and gzip files, several gzip members and several captures in a row are read', async () => {
  const plain = capture(20_000)
  expect(await read(plain)).toEqual({ events: 20_000, last: last(19_999, 20_000) })
  expect(await read(gzipSync(plain))).toEqual({ events: 20_000, last: last(19_999, 20_000) })
  const members = [plain.subarray(0, 1000), plain.subarray(1000, 500_001), plain.subarray(500_001)].map(part =>
    gzipSync(part),
  )
  expect(await read(join(members))).toEqual({ events: 20_000, last: last(19_999, 20_000) })
  const two = [capture(10), capture(5, 100)]
  expect(await read(join(two))).toEqual({ events: 15, last: last(104, 15) })
  expect(await read(join(two.map(part => gzipSync(part))))).toEqual({ events: 15, last: last(104, 15) })
})

test('the event loop keeps running while a large file is read', async () => {
  const file = path(folder, 'large.scap')
  writeFileSync(file, join(new Array(20).fill(capture(20_000))))
  const large = await openCapture(file)
  expect(large.size).toBeGreaterThan(20 << 20)
  const positions = [large.position]
  const take = () => {
    positions.push(large.position)
    next = setImmediate(take)
  }
  let next = setImmediate(take)
  do {
    while (large.next());
  } while (await large.fill())
  clearImmediate(next)
  expect(large.counts.events).toBe(400_000)
  positions.push(large.size)
  expect(Math.max(...positions.slice(1).map((at, i) => at - positions[i]!))).toBeLessThan(10 << 20)
})

test('waiting for a pipe does not block the event loop', async () => {
  const pipe = path(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const bytes = capture(100)
  const opened = openCapture(pipe)
  const writer = await open(pipe, 'w')
  // This part is read before the rest is written.
  await writer.write(bytes.subarray(0, 1000))
  const piped = await opened
  const filled: number[] = []
  while (piped.counts.events < 10) {
    while (piped.next());
    filled.push(piped.position)
    const more = piped.fill()
    await writer.write(bytes.subarray(1000 * filled.length, 1000 * (filled.length + 1)))
    await more
  }
  await writer.write(bytes.subarray(1000 * (filled.length + 1)))
  await writer.close()
  do {
    while (piped.next());
  } while (await piped.fill())
  expect(piped.counts.events).toBe(100)
})

test('a truncated gzip stream: the events before the end are read', async () => {
  const whole = gzipSync(capture(20_000))
  const { events, error } = await read(whole.subarray(0, whole.length >> 1))
  expect(events).toBeGreaterThan(5000)
  expect(error).toMatchObject({ code: 'compression' })
  expect(error!.offset).toBeGreaterThan(300_000)
  expect(error!.message).toMatch(/^broken gzip stream: unexpected end of file \(at byte \d+\)$/)
})

test('a corrupt gzip stream: the events before the damage are read', async () => {
  const whole = gzipSync(capture(40_000))
  whole.fill(0xff, whole.length - 2000, whole.length - 1900)
  const { events, error } = await read(whole)
  expect(events).toBeGreaterThan(20_000)
  expect(error).toMatchObject({ code: 'compression' })
})

test('bytes after the end of a gzip stream are an error', async () => {
  const { events, error } = await read(join([gzipSync(capture(10)), new Uint8Array(100)]))
  expect(events).toBe(10)
  expect(error?.message).toContain('100 bytes behind the end of the gzip stream')
})

test('a file that is not a capture, a missing file and a directory are errors', async () => {
  expect((await read(new Uint8Array(0))).error).toMatchObject({ code: 'not-a-capture', offset: 0 })
  expect((await read(gzipSync('hello hello'))).error).toMatchObject({ code: 'not-a-capture', offset: 0 })
  await expect(openCapture(path(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(openCapture(folder)).rejects.toMatchObject({ code: 'EISDIR' })
})

test('the tables have been read once the capture is open', async () => {
  const file = path(folder, 'tables.scap')
  const machine = block(0x201, assemble('u32:4 u64:1 u64:2 "box" zeros:125 u64:3 u64:0 zeros:16'))
  writeFileSync(file, join([SECTION, machine, eventBlock(0x216, '5 SYSCALL_CHDIR_X i64:0 "/\\u0000"')]))
  const names: string[] = []
  const opened = await openCapture(file, {
    onMachine: info => names.push(info.hostname),
    onTablesEnd: () => names.push('end'),
  })
  expect(opened.machine?.hostname).toBe('box')
  expect(names).toEqual(['box', 'end'])
  opened.close()
  expect(await opened.fill()).toBe(false)
})

test.each([false, true])('a capture that was written can be read again (gzip: %s)', async gzip => {
  const source = path(folder, 'source.scap')
  const target = path(folder, 'target.scap')
  writeFileSync(source, capture(20_000))
  const opened = await openCapture(source)
  const file = new CaptureFileWriter(target, { gzip })
  file.writer.processes([emptyProcess(5, 5, 1)])
  do {
    while (opened.next()) file.writer.write(opened.event)
  } while (await opened.fill())
  file.close()
  const info = await captureInfo(target)
  expect(info).toMatchObject({ events: 20_000, error: null, sections: 1, processes: 1, threads: 1 })
  expect(info.size).toBe(file.size)
  expect(info.byType).toEqual([{ type: 'chdir', events: 20_000 }])
})

test('info of a truncated capture covers the events before its end', async () => {
  const file = path(folder, 'broken.scap')
  writeFileSync(file, capture(3).subarray(0, -5))
  const info = await captureInfo(file)
  expect(info.events).toBe(2)
  expect(info.error).toMatchObject({ code: 'truncated' })
  expect([info.first, info.last]).toEqual([1_000_000_000n, 1_000_000_000n])
})

test('info of a capture that breaks off inside its tables covers what comes before', async () => {
  const file = path(folder, 'tables-only.scap')
  const machine = block(0x201, assemble('u32:4 u64:1 u64:2 "box" zeros:125 u64:3 u64:0 zeros:16'))
  const bytes = join([SECTION, machine, new Uint8Array(6)])
  writeFileSync(file, bytes)
  const info = await captureInfo(file)
  expect(info).toMatchObject({ size: bytes.length, sections: 1, events: 0, first: null, last: null })
  expect(info.machine?.hostname).toBe('box')
  expect(info.error).toMatchObject({ code: 'truncated' })
})
