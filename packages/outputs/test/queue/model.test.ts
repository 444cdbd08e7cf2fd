/** A queue on disk behaves like the one in memory, and also survives kills. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DiskQueue, MemoryQueue, type Queue, type QueueBounds } from '../../src/index.ts'
import { item, newFolder, numbers, openQueue, takeAll, User } from './folder.ts'

const KINDS = {
  memory: (options: QueueBounds) => new MemoryQueue(options),
  disk: (options: QueueBounds) => new DiskQueue({ ...options, folder: newFolder() }),
}

describe.each(Object.entries(KINDS))('the %s queue', (_, make) => {
  async function open(options: QueueBounds = {}) {
    const queue: Queue = make(options)
    const user = new User()
    user.attachTo(queue)
    await queue.open()
    return { queue, user }
  }

  test('returns items in the order in which they were pushed', async () => {
    const { queue } = await open()
    for (const text of numbers(100)) queue.push(item(text))
    expect(queue.length).toBe(100)
    expect(await takeAll(queue)).toEqual(numbers(100))
    await queue.close()
  })

  test('returns no more bytes than requested, but at least one item', async () => {
    const { queue } = await open()
    for (let i = 0; i < 4; i++) queue.push(item('x'.repeat(100)))
    expect((await queue.take(10, 250)).length).toBe(2)
    expect((await queue.take(10, 1)).length).toBe(1)
    expect(queue.length).toBe(1)
    await queue.close()
  })

  test('drops the newest when full', async () => {
    const { queue, user } = await open({ capacity: 3 })
    for (const text of numbers(5)) queue.push(item(text))
    expect(user.lost).toEqual({ queue_full: 2 })
    expect(queue.refuses).toBe('queue_full')
    expect(await takeAll(queue)).toEqual(['0', '1', '2'])
    expect(queue.refuses).toBeUndefined()
    await queue.close()
  })

  test('refuses further alerts once full by bytes, but not after dropping a single oversized one', async () => {
    const maxBytes = 128 * 4096
    const { queue, user } = await open({ maxBytes })
    let printed = 0
    const text = 'x'.repeat(1000)
    while (!queue.refuses && printed < 1000) queue.push(item(`${printed++} ${text}`))
    expect(user.lost).toEqual({ queue_full: 1 })
    expect(queue.length).toBe(printed - 1)
    // An alert that is far too large leaves the free space to other alerts.
    const { queue: other } = await open({ maxBytes })
    other.push(item('small'))
    other.push(item('x'.repeat(maxBytes)))
    expect([other.length, other.refuses]).toEqual([1, undefined])
    for (const one of [queue, other]) {
      one.clear()
      await one.close()
    }
  })

  test('drops the oldest when full, if configured', async () => {
    const { queue, user } = await open({ capacity: 3, drop: 'oldest' })
    for (const text of numbers(5)) queue.push(item(text))
    expect(user.lost).toEqual({ queue_full: 2 })
    expect(await takeAll(queue)).toEqual(['2', '3', '4'])
    await queue.close()
  })

  test('counts items that are taken but not done towards its capacity', async () => {
    const { queue, user } = await open({ capacity: 3 })
    for (const text of numbers(3)) queue.push(item(text))
    await queue.take(2, 1e9)
    queue.push(item('3'))
    expect(user.lost).toEqual({ queue_full: 1 })
    queue.done(2)
    queue.push(item('4'))
    expect(await takeAll(queue)).toEqual(['2', '4'])
    await queue.close()
  })
})

type Step = { readonly do: 'push' | 'take' | 'done' | 'saved' | 'kill' | 'restart' | 'turn'; readonly count: number }

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('push', 'push', 'push', 'take', 'take', 'done', 'saved', 'kill', 'restart', 'turn'),
    count: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 50 },
)

test('a kill at any moment loses no saved alert that was not done, and keeps the order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(4096, 65_536), fc.constantFrom(0, 1000), async (script, maxBytes, sync) => {
      const folder = mkdtempSync(join(tmpdir(), 'falc-model-'))
      // Segments are small: records spread over many.
      const options = (name: string) => ({ folder: join(folder, name), maxBytes: 64 * maxBytes, sync })
      let incarnation = 0
      let { queue, user } = await openQueue(options('0'))
      let pushed = 0
      /** All alerts before `done` are done, and all before `saved` are on disk. */
      let [done, saved] = [0, 0]
      let taken: number[] = []
      try {
        for (const step of script) {
          if (step.do === 'push')
            for (let i = 0; i < step.count; i++) queue.push(item(`${pushed++} ${'x'.repeat(200)}`))
          else if (step.do === 'take' && queue.length > 0) {
            const items = await queue.take(step.count, 1e9)
            const next = taken.length > 0 ? taken.at(-1)! + 1 : undefined
            const got = items.map(({ body }) => Number.parseInt(body, 10))
            const first = next ?? got[0]!
            expect(got).toEqual(Array.from(got, (_, i) => first + i))
            expect(first).toBeLessThanOrEqual(done + taken.length)
            taken.push(...got)
          } else if (step.do === 'done' && taken.length > 0) {
            const count = Math.min(step.count, taken.length)
            done = Math.max(done, taken[count - 1]! + 1)
            taken = taken.slice(count)
            queue.done(count)
          } else if (step.do === 'saved') {
            await queue.saved()
            saved = pushed
          } else if (step.do === 'turn') await new Promise(resolve => setImmediate(resolve))
          else if (step.do === 'kill' || step.do === 'restart') {
            if (step.do === 'restart') {
              await queue.close()
              saved = pushed
            }
            // A copy of the folder, taken at this moment, is what a killed process leaves.
            const [from, to] = [String(incarnation), String(++incarnation)]
            cpSync(join(folder, from), join(folder, to), { recursive: true, filter: path => !path.endsWith('lock') })
            const old = queue
            ;({ queue, user } = await openQueue(options(to)))
            await old.close()
            const rest = (await takeAll(queue)).map(body => Number.parseInt(body, 10))
            expect(user.lost).toEqual({})
            const first = rest[0] ?? pushed
            expect(rest).toEqual(Array.from(rest, (_, i) => first + i))
            if (rest.length > 0) expect(first).toBeLessThanOrEqual(done)
            expect(rest.length > 0 ? rest.at(-1)! + 1 : Math.max(done, 0)).toBeGreaterThanOrEqual(Math.max(done, saved))
            if (step.do === 'restart' && rest.length > 0) expect(first).toBe(done)
            // Unsaved alerts may be lost. All others are done now, which a kill may undo.
            if (rest.length > 0) pushed = rest.at(-1)! + 1
            ;[done, saved, taken] = [pushed, pushed, []]
          }
        }
        expect(user.lost).toEqual({})
      } finally {
        await queue.close()
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})
