import { type Answer, answerOf, type Failure } from '../model/answer.ts'

/**
 * Sends single items, several concurrently, to receivers that accept no batches and guarantee no order. After a failure that does not
 * concern only the item, no further one is started.
 */
export async function inFlight<T>(
  items: readonly T[],
  requests: number,
  send: (item: T) => Promise<Failure | undefined>,
): Promise<Answer> {
  const failures: (Failure | undefined)[] = new Array(items.length)
  let next = 0
  let stopped: Failure | undefined
  const lane = async () => {
    while (next < items.length) {
      const index = next++
      const failure = stopped ?? (await send(items[index]!))
      failures[index] = failure
      if (failure && failure.class !== 'poison') stopped = failure
    }
  }
  await Promise.all(Array.from({ length: Math.min(requests, items.length) }, lane))
  return answerOf(failures)
}
