/** Queues of lines, each in its own folder. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { DiskQueue, type DiskQueueOptions, type Item, type Queue } from '../../src/index.ts'
import { QueuedItem } from '../../src/model/item.ts'
import { LOSSES } from '../../src/queue/queue.ts'
import { LINES, line } from '../lines.ts'

export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'falc-queue-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'queue')
}

export const item = (text: string): Item => new QueuedItem(line(text), { format: LINES, template: undefined })

export class User {
  readonly lost: Record<string, number> = {}
  readonly log: string[] = []
  found = 0

  attachTo(queue: Queue): void {
    queue.attach({
      item: alert => new QueuedItem(alert, { format: LINES, template: undefined }),
      lost: (cause, count) => {
        if (!(cause in this.lost)) this.log.push(LOSSES[cause](queue.length))
        this.lost[cause] = (this.lost[cause] ?? 0) + count
      },
      found: count => {
        this.found += count
      },
      log: (_, text) => this.log.push(text),
    })
  }
}

export async function openQueue(
  options: DiskQueueOptions,
  user = new User(),
): Promise<{ queue: DiskQueue; user: User }> {
  const queue = new DiskQueue(options)
  user.attachTo(queue)
  await queue.open()
  return { queue, user }
}

/** Takes all that is queued, marks it as done, and returns the lines. */
export async function takeAll(queue: Queue): Promise<string[]> {
  const lines: string[] = []
  while (queue.length > 0) {
    const items = await queue.take(7, 1e9)
    lines.push(...items.map(({ body }) => body))
    queue.done(items.length)
  }
  return lines
}

export function segmentsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.journal'))
    .sort()
    .map(name => join(folder, name))
}

export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i))
