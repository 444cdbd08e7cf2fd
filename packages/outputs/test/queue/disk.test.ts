/** A queue on a disk that is full or hangs, or in a folder that is in use or was tampered with. */
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { Device } from '../../src/queue/device.ts'
import { FILES, type Files, OPEN } from '../../src/queue/files.ts'
import { item, newFolder, numbers, openQueue, segmentsIn, takeAll } from './folder.ts'

/** A disk that calls `fate` before each write to a journal. */
function disk(fate: () => Promise<void>): Files {
  return {
    ...FILES,
    open: async (path, ...rest) => {
      const handle = await open(path, ...rest)
      if (!String(path).endsWith('.journal')) return handle
      const write = handle.write.bind(handle) as (...args: any[]) => Promise<unknown>
      handle.write = (async (...args: any[]) => {
        await fate()
        return write(...args)
      }) as never
      return handle
    },
  }
}

test('a full disk is logged once, alerts are sent from memory, and the queue recovers', async () => {
  let full = true
  const files = disk(async () => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  })
  const folder = newFolder()
  const { queue, user } = await openQueue({ folder, files })
  for (const text of numbers(10)) queue.push(item(text))
  const first = await queue.take(4, 1e9)
  expect(first.map(({ body }) => body)).toEqual(numbers(4))
  expect(queue.disk.failing).toBe('ENOSPC: no space left on device')
  let saved = false
  const saving = queue.saved().then(() => {
    saved = true
  })
  await eventually(() => expect(queue.disk.errors).toBeGreaterThan(2))
  expect(saved).toBe(false)
  full = false
  await eventually(() => expect(queue.disk).toMatchObject({ unwritten: 0 }))
  // Four are taken and not yet done.
  expect(saved).toBe(false)
  queue.done(4)
  await saving
  expect(await takeAll(queue)).toEqual(numbers(6, 4))
  await queue.close()
  expect(user.log).toEqual([
    'queue on disk: ENOSPC: no space left on device; alerts wait in memory',
    'queue on disk: it can be written again',
  ])
  expect(user.lost).toEqual({})
})

test('alerts of a producer that waits while the queue is crowded are not read back from disk', async () => {
  const read: string[] = []
  const files: Files = {
    ...FILES,
    open: async (path, flags, mode) => {
      if (flags === OPEN.read) read.push(String(path))
      return open(path, flags, mode)
    },
  }
  const { queue } = await openQueue({ folder: newFolder(), files })
  for (let round = 0; round < 3; round++) {
    const pushed: string[] = []
    while (!queue.crowded) {
      const text = `${pushed.length} ${'x'.repeat(500)}`
      queue.push(item(text))
      pushed.push(text)
    }
    await queue.saved()
    expect(queue.crowded).toBe(false)
    expect(await takeAll(queue)).toEqual(pushed)
  }
  expect(read).toEqual([])
  await queue.close()
})

test('alerts that the disk does not accept are bounded in memory, and counted when dropped', async () => {
  const files = disk(() => Promise.reject(Object.assign(new Error('EROFS: read-only'), { code: 'EROFS' })))
  const { queue, user } = await openQueue({ folder: newFolder(), files })
  for (let i = 0; i < 2000; i++) queue.push(item('x'.repeat(10_000)))
  expect(queue.bytes).toBeLessThan(33 * 1024 * 1024)
  expect(user.lost.queue_disk! + queue.length).toBe(2000)
  expect(user.log[0]).toBe('the disk takes no more of the queue, dropping alerts')
  expect(queue.refuses).toBe('queue_disk')
  await queue.close()
  expect(user.lost).toEqual({ queue_disk: 2000 })
})

test('alerts in flight when the queue closes are written, if the disk recovers', async () => {
  let full = true
  const files = disk(async () => {
    if (full) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  })
  const folder = newFolder()
  const first = await openQueue({ folder, files })
  for (const text of numbers(5)) first.queue.push(item(text))
  expect((await first.queue.take(5, 1e9)).length).toBe(5)
  full = false
  await first.queue.close()
  const second = await openQueue({ folder })
  expect(await takeAll(second.queue)).toEqual(numbers(5))
  await second.queue.close()
})

test('a disk that hangs does not block the queue', async () => {
  const { promise: hangs, resolve: answer } = Promise.withResolvers<void>()
  const folder = newFolder()
  const { queue, user } = await openQueue({ folder, files: disk(() => hangs), device: new Device(2000) })
  mkdirSync(dirname(folder), { recursive: true })
  for (const text of numbers(10)) queue.push(item(text))
  const items = await queue.take(10, 1e9)
  expect(items.map(({ body }) => body)).toEqual(numbers(10))
  queue.done(10)
  expect(user.log[0]).toContain('the disk does not answer')
  queue.push(item('10'))
  answer()
  await eventually(() =>
    expect({ unwritten: queue.disk.unwritten, failing: queue.disk.failing }).toEqual({ unwritten: 0 }),
  )
  expect(await takeAll(queue)).toEqual(['10'])
  await queue.close()
  // Late writes are void, or their alerts arrive again.
  const again = await openQueue({ folder })
  for (const text of await takeAll(again.queue)) expect(numbers(11)).toContain(text)
  await again.queue.close()
})

test('a folder has one user at a time; a lock left by a crash is ignored', async () => {
  const folder = newFolder()
  const { queue } = await openQueue({ folder })
  await expect(openQueue({ folder })).rejects.toThrow(`${folder} is used by another process`)
  await queue.close()
  const second = await openQueue({ folder })
  await second.queue.close()
  writeFileSync(join(folder, 'lock'), '')
  const third = await openQueue({ folder })
  await third.queue.close()
})

test('a folder with a long path is locked, too', async () => {
  const folder = join(newFolder(), 'x'.repeat(120))
  const { queue } = await openQueue({ folder })
  expect(existsSync(join(folder, 'lock'))).toBe(true)
  await expect(openQueue({ folder })).rejects.toThrow('is used by another process')
  await queue.close()
})

test('only the owner can read the files of a queue', async () => {
  const folder = newFolder()
  const { queue } = await openQueue({ folder })
  queue.push(item('a'))
  queue.bury((await queue.take(1, 1))[0]!, { class: 'poison', cause: 'http_400', message: 'no' })
  queue.done(1)
  await queue.saved()
  await eventually(() => expect(readdirSync(join(folder, 'dead')).length).toBe(1))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  for (const file of files) {
    if (file.isSocket()) continue
    // Files that are written meanwhile may have gone.
    const stat = lstatSync(join(file.parentPath, file.name), { throwIfNoEntry: false })
    if (stat === undefined) continue
    expect([file.name, stat.mode & 0o777]).toEqual([file.name, file.isDirectory() ? 0o700 : 0o600])
  }
  await queue.close()
})

test('symbolic links are not followed', async () => {
  const folder = newFolder()
  mkdirSync(dirname(folder), { recursive: true })
  const victim = `${folder}.victim`
  mkdirSync(victim, { mode: 0o700 })
  symlinkSync(victim, folder)
  await expect(openQueue({ folder })).rejects.toThrow('is not a folder')
  const other = newFolder()
  mkdirSync(other, { recursive: true, mode: 0o700 })
  writeFileSync(`${victim}/file`, 'content')
  symlinkSync(`${victim}/file`, join(other, '0000000000000000.journal'))
  await expect(openQueue({ folder: other })).rejects.toThrow('ELOOP')
})

test('unrelated files are left alone', async () => {
  const folder = newFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of ['notes.txt', '1.journal', '00000000000000xx.journal', 'journal'])
    writeFileSync(join(folder, name), 'x')
  const { queue } = await openQueue({ folder })
  queue.push(item('a'))
  expect(await takeAll(queue)).toEqual(['a'])
  await queue.close()
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['notes.txt', '1.journal', 'journal']))
})

test('a folder that others can write to is refused', async () => {
  const folder = newFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { chmodSync } = await import('node:fs')
  chmodSync(folder, 0o777)
  await expect(openQueue({ folder })).rejects.toThrow(`others can write to ${folder}`)
})

test('when space is short, the oldest alerts are dropped', async () => {
  const folder = newFolder()
  const { queue, user } = await openQueue({ folder, maxBytes: 64 * 1024, drop: 'oldest' })
  for (let i = 0; i < 300; i++) {
    queue.push(item(`${i} ${'x'.repeat(500)}`))
    await queue.saved()
    expect(queue.disk.bytes).toBeLessThanOrEqual(64 * 1024)
  }
  const rest = (await takeAll(queue)).map(body => Number.parseInt(body, 10))
  expect(rest).toEqual(Array.from(rest, (_, i) => 300 - rest.length + i))
  expect(rest.length).toBeGreaterThan(20)
  expect(user.lost).toEqual({ queue_full: 300 - rest.length })
  await queue.close()
  expect(segmentsIn(folder).length).toBeLessThanOrEqual(1)
})

test('a queue that is full by bytes accepts no more until there is room again', async () => {
  const { queue, user } = await openQueue({ folder: newFolder(), maxBytes: 64 * 1024 })
  for (let i = 0; i < 300; i++) {
    queue.push(item(`${i} ${'x'.repeat(500)}`))
    await queue.saved()
  }
  const kept = queue.length
  expect(user.lost).toEqual({ queue_full: 300 - kept })
  expect(queue.disk.bytes).toBeLessThanOrEqual(64 * 1024)
  expect((await takeAll(queue)).length).toBe(kept)
  await eventually(() => expect(queue.refuses).toBeUndefined())
  await queue.close()
})
