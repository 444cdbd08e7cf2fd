import type { Alert } from '../alert/alert.ts'
import type { Source } from '../fields/field.ts'

export interface RunOptions {
  /** Which source the events are of; may be left out when the engine has one source. */
  readonly source?: Source | string
  /** Ends the run after the event at hand. */
  readonly signal?: AbortSignalLike
}

/** The part of AbortSignal that is used: node and browsers have it, the language itself does not. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Events in, alerts out, as they come; pulls the next event only when the alerts of the last one are taken. */
export async function* runEvents<E>(
  events: AsyncIterable<E> | Iterable<E>,
  evaluate: (event: E) => readonly Alert[],
  signal: AbortSignalLike | undefined,
): AsyncGenerator<Alert, void, undefined> {
  if (signal?.aborted) return
  const iterator = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]()
  let abort: () => void = () => {}
  const aborted = new Promise<undefined>(resolve => {
    abort = () => resolve(undefined)
  })
  signal?.addEventListener('abort', abort, { once: true })
  let finished = false
  try {
    for (;;) {
      const next = iterator.next()
      const result = next instanceof Promise ? await Promise.race([next, aborted]) : next
      if (result === undefined) return
      if (result.done) {
        finished = true
        return
      }
      for (const alert of evaluate(result.value)) {
        yield alert
        if (signal?.aborted) return
      }
      if (signal?.aborted) return
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    // A source that waits for its next event cannot be waited for.
    if (!finished) void iterator.return?.()
  }
}
