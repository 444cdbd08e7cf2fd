/** Files: whole lines only, whatever the disk does. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { LineWriter } from '../src/falco/write.ts'
import { FileOutput, type FilePort, type Item } from '../src/index.ts'
import { QueuedItem } from '../src/model/item.ts'
import { deliverLines, LINES, line } from './lines.ts'

const textOf = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')
const message = (text: string): Item => new QueuedItem(line(text), { format: LINES, template: undefined })
const dir = mkdtempSync(join(tmpdir(), 'falc-write-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** A file on a disk that has room for this many bytes, and may write only a part of the data. */
class Disk implements FilePort {
  text = ''
  room: number
  /** The most bytes that each write accepts, in turn. */
  readonly bites: readonly number[]
  readonly regular: boolean
  #turn = 0

  constructor(room: number, bites: readonly number[] = [], regular = true) {
    this.room = room
    this.bites = bites
    this.regular = regular
  }

  async write(_fd: number, data: Uint8Array, offset: number): Promise<number> {
    const bite = this.bites[this.#turn++ % this.bites.length] ?? Number.POSITIVE_INFINITY
    const count = Math.min(bite, data.length - offset, this.room - this.text.length)
    if (count === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    this.text += Buffer.from(data.subarray(offset, offset + count)).toString('latin1')
    return count
  }

  async size() {
    return this.regular ? this.text.length : undefined
  }

  async truncate(_fd: number, size: number) {
    this.text = this.text.slice(0, size)
  }
}

test('whatever part of the data fits, a file holds exactly the delivered lines, whole', async () => {
  const lines = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'ä', ' ') })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(lines, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }),
      async (batches, bites, growth) => {
        const disk = new Disk(0, bites)
        const writer = new LineWriter('file output', disk)
        const expected: string[] = []
        for (const [i, batch] of batches.entries()) {
          disk.room = disk.text.length + growth[i % growth.length]!
          const { delivered, failure } = await writer.write(0, batch.map(message))
          expect(failure === undefined).toBe(delivered === batch.length)
          expected.push(...batch.slice(0, delivered))
          expect(disk.text).toBe(Buffer.from(textOf(expected)).toString('latin1'))
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('where a torn line cannot be removed, it is terminated before the next one', async () => {
  const disk = new Disk(7, [], false)
  const writer = new LineWriter('stdout', disk)
  expect(await writer.write(0, ['one', 'two'].map(message))).toMatchObject({
    delivered: 1,
    failure: { cause: 'ENOSPC' },
  })
  disk.room = 100
  expect(await writer.write(0, [message('two')])).toEqual({ delivered: 1 })
  expect(disk.text).toBe('one\ntwo\ntwo\n')
})

const root = process.getuid?.() === 0
const mounted = root && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', dir]).status === 0
skipped('live', mounted ? undefined : 'a full disk: mounting a small tmpfs needs root')
afterAll(() => mounted && spawnSync('umount', [dir]))

test.skipIf(!mounted).each([true, false])(
  'a full disk, keep_alive %s: waiting alerts are written once there is room',
  async keepAlive => {
    const path = join(dir, 'alerts')
    writeFileSync(path, '')
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(40_000))
    const log: string[] = []
    const output = new FileOutput({ filename: path, keepAlive })
    const options = { backoff: { first: 5, max: 20 }, log: (_: string, text: string) => log.push(text) }
    const channel = deliverLines(output, options)
    const sent = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat(1000)}`)
    for (const text of sent) channel.push(line(text))
    await eventually(() => expect(channel.stats.retries).toBeGreaterThan(2))
    await eventually(() => {
      const { delivered, queued } = channel.stats
      expect(readFileSync(path, 'utf8')).toBe(textOf(sent.slice(0, delivered)))
      expect(delivered + queued).toBe(40)
    })
    rmSync(join(dir, 'ballast'))
    await channel.close()
    expect(readFileSync(path, 'utf8')).toBe(textOf(sent))
    expect(log).toEqual([
      'file output: ENOSPC: no space left on device, write; retrying',
      expect.stringMatching(/^file: recovered after .+, 0 were lost$/),
    ])
  },
)
