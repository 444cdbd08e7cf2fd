/** The most recent alerts, followed by new ones as they arrive. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Query, StoredAlert, StoreReader } from '@falc/store'
import { openStore } from './open.ts'

/** Milliseconds between two looks at the file. */
const POLL_MS = 250

/** The number of alerts per read, so that a slow consumer keeps no read transaction open. */
const PAGE = 500

/** The newest first, at most `limit`. */
export function* newest(store: StoreReader, query: Query, limit: number): Generator<StoredAlert> {
  let before: number | undefined
  for (let left = limit; left > 0; left -= PAGE) {
    const page = firstOf(store.search(query, { before }), Math.min(left, PAGE))
    yield* page
    if (page.length < PAGE) return
    before = page.at(-1)!.seq
  }
}

/** The oldest first, each from when it arrives until `signal` fires. A store that takes the file's place is read from its beginning. */
export async function* follow(
  path: string,
  opened: StoreReader,
  query: Query,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<StoredAlert> {
  let store = opened
  let after = from
  try {
    while (!signal.aborted) {
      // Read before the search: an alert that arrives during the search would be skipped otherwise.
      const { last } = store
      const page = firstOf(store.search(query, { after, oldest: true }), PAGE)
      yield* page
      after = Math.max(after, page.at(-1)?.seq ?? 0)
      if (page.length === PAGE) continue
      after = Math.max(after, last)
      await sleep(POLL_MS, undefined, { signal }).catch(() => {})
      if (store.isInPlace) continue
      const next = await reopened(path)
      if (next === undefined) continue
      yield* rest(store, query, after)
      store.close()
      store = next
      after = 0
    }
  } finally {
    store.close()
  }
}

/** What arrived in a store before another took its place; nothing, if it cannot be read: a damaged one is moved aside. */
function* rest(store: StoreReader, query: Query, from: number): Generator<StoredAlert> {
  for (let after = from, page = [] as StoredAlert[]; ; after = page.at(-1)!.seq) {
    try {
      page = firstOf(store.search(query, { after, oldest: true }), PAGE)
    } catch {
      return
    }
    yield* page
    if (page.length < PAGE) return
  }
}

/** undefined: the store does not exist at the moment. */
async function reopened(path: string): Promise<StoreReader | undefined> {
  try {
    return await openStore(path)
  } catch {
    return undefined
  }
}

function firstOf(found: Generator<StoredAlert>, count: number): StoredAlert[] {
  const page: StoredAlert[] = []
  for (const one of found) {
    page.push(one)
    if (page.length >= count) break
  }
  return page
}
