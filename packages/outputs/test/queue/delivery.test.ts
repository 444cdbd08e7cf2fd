/** Deliveries whose queues are on disk: across restarts, reloads and rejections. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { EMPTY } from '../../../../scripts/testing/empty.ts'
import { eventually, until } from '../../../../scripts/testing/wait.ts'
import {
  type Answer,
  type DeadLetter,
  DeadLetters,
  type Delivery,
  DiskQueue,
  type Failure,
  type Item,
  type Output,
  Outputs,
} from '../../src/index.ts'
import { FILES } from '../../src/queue/files.ts'
import { deliverLines, line } from '../lines.ts'
import { newFolder, numbers } from './folder.ts'

/** A receiver that accepts everything, or answers with a failure. */
class Receiver implements Output {
  readonly name = 'receiver'
  readonly batch = { items: 10 }
  readonly got: string[] = []
  fails: ((item: Item) => Failure | undefined) | undefined
  async open() {
    return this
  }
  async send(items: readonly Item[]): Promise<Answer> {
    for (const [i, item] of items.entries()) {
      const failure = this.fails?.(item)
      if (failure) return { delivered: i, failure }
      this.got.push(item.body)
    }
    return { delivered: items.length }
  }
  async close() {}
}

const DOWN: Failure = { class: 'later', cause: 'ECONNREFUSED', message: 'receiver: ECONNREFUSED' }
const POISON: Failure = { class: 'poison', cause: 'http_400', message: 'receiver answered 400' }

function durable(receiver: Receiver, folder: string, log: string[] = [], files = FILES): Delivery {
  return deliverLines(receiver, {
    queue: new DiskQueue({ folder, retryEvery: 20, files }),
    lazy: true,
    backoff: { first: 5, max: 20 },
    log: (_, text) => log.push(text),
  })
}

const fill = (delivery: Pick<Delivery, 'push'>, texts: readonly string[]) => {
  for (const text of texts) delivery.push(line(text))
}

async function listOf(letters: DeadLetters): Promise<DeadLetter[]> {
  const all: DeadLetter[] = []
  for await (const letter of letters.list()) all.push(letter)
  return all
}

const balanced = ({ stats }: Delivery) => {
  const { pushed, delivered, queued, dead, dropped } = stats
  expect(delivered + queued + dead + Object.values(dropped).reduce((sum, n) => sum + n, 0)).toBe(pushed)
}

test('alerts that wait when a delivery closes are delivered by the next one', async () => {
  const [folder, receiver, log] = [newFolder(), new Receiver(), [] as string[]]
  receiver.fails = () => DOWN
  const first = durable(receiver, folder, log)
  await first.open()
  fill(first, numbers(30))
  await until('it has failed', () => first.stats.failing !== undefined)
  await first.close(0)
  balanced(first)
  expect(first.stats).toMatchObject({ queued: 30, dropped: EMPTY })
  expect(log.at(-1)).toBe('receiver: 30 alerts stay in the queue on disk')
  receiver.fails = undefined
  const second = durable(receiver, folder)
  await second.open()
  await second.flush()
  expect(receiver.got).toEqual(numbers(30))
  expect(second.stats).toMatchObject({ pushed: 30, delivered: 30, queued: 0 })
  await second.close()
})

test('alerts that the receiver rejects can be listed, retried and dropped', async () => {
  const [folder, receiver, log] = [newFolder(), new Receiver(), [] as string[]]
  receiver.fails = ({ body }) => (body === '1' || body === '3' ? POISON : undefined)
  const delivery = durable(receiver, folder, log)
  await delivery.open()
  onTestFinished(() => delivery.close())
  fill(delivery, numbers(5))
  await delivery.flush()
  expect(delivery.stats).toMatchObject({ delivered: 3, dead: 2, dropped: EMPTY })
  expect(log).toEqual(['receiver: receiver answered 400; what it refuses is kept as dead letters'])
  const letters = new DeadLetters(folder)
  await eventually(async () => expect(await listOf(letters)).toHaveLength(2))
  const listed = await listOf(letters)
  expect(listed.map(({ cause, message, alert }) => [cause, message, alert.output])).toEqual([
    ['http_400', 'receiver answered 400', '1'],
    ['http_400', 'receiver answered 400', '3'],
  ])
  receiver.fails = undefined
  expect(await letters.retry([listed[0]!.name, 'unknown'])).toBe(1)
  await eventually(() => expect(receiver.got).toEqual(['0', '2', '4', '1']))
  await eventually(() => expect(readdirSync(join(folder, 'retry'))).toEqual([]))
  expect(await letters.drop([listed[1]!.name])).toBe(1)
  expect(await listOf(letters)).toEqual([])
  balanced(delivery)
})

test('dead letters for which the queue has no room wait until it has', async () => {
  const [folder, receiver] = [newFolder(), new Receiver()]
  receiver.fails = () => POISON
  const delivery = deliverLines(receiver, { queue: new DiskQueue({ folder, retryEvery: 20, capacity: 2 }), lazy: true })
  await delivery.open()
  onTestFinished(() => delivery.close())
  for (const text of numbers(5)) {
    fill(delivery, [text])
    await delivery.flush()
  }
  const letters = new DeadLetters(folder)
  await eventually(async () => expect(await letters.names()).toHaveLength(5))
  receiver.fails = undefined
  expect(await letters.retry(await letters.names())).toBe(5)
  await eventually(() => expect([...receiver.got].sort()).toEqual(numbers(5)))
  await eventually(() => expect(delivery.stats).toMatchObject({ queued: 0, dropped: EMPTY }))
  balanced(delivery)
})

test('a dead letter that cannot be opened for want of descriptors is delivered when there are some', async () => {
  const [folder, receiver, log] = [newFolder(), new Receiver(), [] as string[]]
  let short = false
  const files: typeof FILES = {
    ...FILES,
    open: async (path, ...rest) => {
      if (short && String(path).endsWith('.json'))
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
      return FILES.open(path, ...rest)
    },
  }
  receiver.fails = () => POISON
  const delivery = durable(receiver, folder, log, files)
  await delivery.open()
  onTestFinished(() => delivery.close())
  fill(delivery, ['a'])
  await delivery.flush()
  const letters = new DeadLetters(folder)
  await eventually(async () => expect(await letters.names()).toHaveLength(1))
  receiver.fails = undefined
  short = true
  await letters.retry(await letters.names())
  await until('it was tried', () => log.at(-1)!.includes('EMFILE'))
  expect(log.at(-1)).toBe('receiver: queue on disk: dead letters: EMFILE: too many open files')
  short = false
  await eventually(() => expect(receiver.got).toEqual(['a']))
  balanced(delivery)
})

test.each(['../position', '..', 'a/b', ''])('the name "%s" matches no dead letter', async name => {
  const folder = newFolder()
  const delivery = durable(new Receiver(), folder)
  await delivery.open()
  await delivery.close()
  const letters = new DeadLetters(folder)
  expect([await letters.drop([name]), await letters.retry([name])]).toEqual([0, 0])
})

/** A configuration of one output. */
const wanted = (receiver: Receiver, folder: string, key: string) => [
  { name: 'receiver', key, folder, make: () => durable(receiver, folder) },
]

test('a reload keeps an unchanged output, and replaces a changed one without loss', async () => {
  const [folder, receiver] = [newFolder(), new Receiver()]
  receiver.fails = () => DOWN
  const outputs = new Outputs()
  await outputs.replace(wanted(receiver, folder, 'a'))
  onTestFinished(() => outputs.close())
  fill(outputs, numbers(10))
  expect((await outputs.replace(wanted(receiver, folder, 'a'))).stats).toEqual([])
  let next = 10
  for (const key of ['b', 'c', 'd']) {
    const replaced = outputs.replace(wanted(receiver, folder, key))
    let over = false
    const end = replaced.finally(() => {
      over = true
    })
    // Alerts arrive throughout the replacement.
    while (!over) {
      fill(outputs, [String(next++)])
      await new Promise(resolve => setImmediate(resolve))
    }
    const gone = await end
    expect(gone.stats[0]).toMatchObject({ dropped: EMPTY })
    await gone.close(0)
  }
  receiver.fails = undefined
  await outputs.flush()
  expect(receiver.got).toEqual(numbers(next))
  expect(outputs.stats[0]).toMatchObject({ queued: 0, dropped: EMPTY })
})

test('a failed reload loses no alert, and the old output continues', async () => {
  const [folder, receiver] = [newFolder(), new Receiver()]
  receiver.fails = () => DOWN
  const outputs = new Outputs()
  await outputs.replace(wanted(receiver, folder, 'a'))
  onTestFinished(() => outputs.close())
  fill(outputs, numbers(3))
  class Broken extends Receiver {
    override async open(): Promise<this> {
      fill(outputs, ['3'])
      throw new Error('no such receiver')
    }
  }
  const eager = { name: 'other', key: '', make: () => deliverLines(new Broken()) }
  await expect(outputs.replace([...wanted(receiver, folder, 'b'), eager])).rejects.toThrow('no such receiver')
  fill(outputs, ['4'])
  receiver.fails = undefined
  await outputs.flush()
  expect([...receiver.got].sort()).toEqual(numbers(5))
})
