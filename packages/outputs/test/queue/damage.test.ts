/** What is left of a journal after a crash of the machine, or on a disk that loses data. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FILES, type Files } from '../../src/queue/files.ts'
import { item, newFolder, numbers, openQueue, segmentsIn, takeAll } from './folder.ts'

const root = mkdtempSync(join(tmpdir(), 'falc-damage-'))
afterAll(() => rmSync(root, { recursive: true }))

const pristine = join(root, 'pristine')
/** So small that the journal has several files. */
const MAX_BYTES = 16 * 4096
const COUNT = 60
const LINES = numbers(COUNT).map(n => `${n} ${'é\u{1f600}"\\'.repeat(10)}`)

beforeAll(async () => {
  const { queue } = await openQueue({ folder: pristine, maxBytes: MAX_BYTES })
  for (const text of LINES) {
    queue.push(item(text))
    await queue.saved()
  }
  await queue.close()
})

function copy(): string {
  const folder = mkdtempSync(join(root, 'copy-'))
  rmSync(folder, { recursive: true })
  mkdirSync(folder, { mode: 0o700 })
  for (const path of segmentsIn(pristine)) copyFileSync(path, join(folder, basename(path)))
  copyFileSync(join(pristine, 'position'), join(folder, 'position'))
  return folder
}

async function read(folder: string) {
  const { queue, user } = await openQueue({ folder, maxBytes: MAX_BYTES })
  const found = queue.length
  const lines = await takeAll(queue)
  // It still accepts alerts.
  queue.push(item('new'))
  expect(await takeAll(queue)).toEqual(['new'])
  await queue.close()
  rmSync(folder, { recursive: true })
  return { lines, found, user }
}

test('a file cut off anywhere still yields all complete records', async () => {
  const last = segmentsIn(pristine).at(-1)!
  const size = readFileSync(last).length
  const before = (await read(withoutLast())).lines.length
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: size }), async end => {
      const folder = copy()
      truncateSync(join(folder, basename(last)), end)
      const { lines, user } = await read(folder)
      expect(lines).toEqual(LINES.slice(0, lines.length))
      const whole = before + Math.floor(((COUNT - before) * end) / size + 0.05)
      expect(Math.abs(lines.length - whole)).toBeLessThanOrEqual(1)
      if (end === size) expect(lines).toEqual(LINES)
      expect(user.lost).toEqual({})
    }),
    { numRuns: 40 },
  )
})

function withoutLast(): string {
  const folder = copy()
  rmSync(segmentsIn(folder).at(-1)!)
  return folder
}

test('whatever bytes are corrupt, all other records arrive in order, and missing ones are counted', async () => {
  const files = segmentsIn(pristine).length
  const damage = fc.record({
    file: fc.nat(files - 1),
    at: fc.nat(4000),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 5 }), async damages => {
      const folder = copy()
      for (const { file, at, bytes } of damages) {
        const path = segmentsIn(folder)[file]!
        const data = readFileSync(path)
        Buffer.from(bytes).copy(data, at % data.length)
        writeFileSync(path, data)
      }
      const { lines, found, user } = await read(folder)
      expect(lines).toEqual(LINES.filter(line => lines.includes(line)))
      expect(lines.length + (user.lost.queue_damaged ?? 0)).toBe(found)
      // Each damaged place costs the two or three records that it touches.
      expect(lines.length).toBeGreaterThanOrEqual(COUNT - 4 * damages.length)
    }),
    { numRuns: 50 },
  )
})

test('the records of a missing file are counted as lost', async () => {
  const folder = copy()
  const [, second, third] = segmentsIn(folder)
  rmSync(second!)
  const from = Number(basename(second!, '.journal'))
  const to = Number(basename(third!, '.journal'))
  const { lines, user } = await read(folder)
  expect(lines).toEqual([...LINES.slice(0, from), ...LINES.slice(to)])
  expect(user.lost).toEqual({ queue_damaged: to - from })
  expect(user.log).toContain('the queue on disk is damaged, alerts are missing')
})

test.each([
  ['is lost', undefined],
  ['is garbage', Buffer.alloc(5000, 7)],
])('if the position %s, all alerts are delivered again', async (_, content) => {
  const folder = copy()
  rmSync(join(folder, 'position'))
  if (content) writeFileSync(join(folder, 'position'), content)
  expect((await read(folder)).lines).toEqual(LINES)
})

test('a position ahead of the journal is kept: numbers are not reused', async () => {
  const folder = newFolder()
  const options = { folder, maxBytes: MAX_BYTES }
  const first = await openQueue(options)
  for (const text of numbers(10)) first.queue.push(item(text))
  expect(await takeAll(first.queue)).toEqual(numbers(10))
  first.queue.push(item('10'))
  await first.queue.close()
  for (const path of segmentsIn(folder)) rmSync(path)
  const second = await openQueue(options)
  expect(second.queue.length).toBe(0)
  for (const text of numbers(3)) second.queue.push(item(text))
  await second.queue.close()
  const third = await openQueue(options)
  expect(await takeAll(third.queue)).toEqual(numbers(3))
  await third.queue.close()
})

test('opening a queue reads only the newest file', async () => {
  let bytes = 0
  const counting: Files = {
    ...FILES,
    open: async (...args) => {
      const handle = await open(...args)
      const read = handle.read.bind(handle) as (...args: any[]) => Promise<{ bytesRead: number }>
      handle.read = (async (...args: any[]) => {
        const result = await read(...args)
        bytes += result.bytesRead
        return result
      }) as never
      return handle
    },
  }
  const folder = copy()
  const files = segmentsIn(folder)
  const { queue } = await openQueue({ folder, maxBytes: MAX_BYTES, files: counting })
  expect(bytes).toBeLessThanOrEqual(readFileSync(files.at(-1)!).length + 100)
  expect(queue.length).toBe(COUNT)
  await queue.close()
})

test('files whose alerts are all done are deleted', async () => {
  const folder = newFolder()
  const { queue } = await openQueue({ folder, maxBytes: 1024 * 1024 })
  for (const text of numbers(2000)) queue.push(item(text))
  expect((await takeAll(queue)).length).toBe(2000)
  await queue.close()
  expect(segmentsIn(folder).length).toBeLessThanOrEqual(1)
  expect(
    readdirSync(folder)
      .sort()
      .filter(name => !name.endsWith('.journal')),
  ).toEqual(['dead', 'position', 'retry'])
})
