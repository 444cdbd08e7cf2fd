import type { StoreFault } from '@falc/store'
import type { Failure } from '../model/answer.ts'
import { defineTransport } from '../model/transport.ts'
import { unlessAborted } from '../net/connect.ts'

const OUTPUT = 'store output'

export const store = defineTransport({
  type: 'store',
  title: 'Store',
  doc: `A file that keeps alerts to be searched: [store.md](store.md). \`falc alerts\` reads it, also while it is written, and several falcs may write
it. An alert counts as delivered when it is on disk. One that is delivered again is not stored twice.

A thread of its own writes the file. While the disk is full, or another process writes for too long, alerts wait. A damaged file is moved
aside, which the log says, and a new one begun. Needs Node 22.13 or later.`,
  options: {
    path: { kind: 'path', required: true, doc: 'The file.', example: '/var/lib/falc/alerts.db' },
    keep: {
      kind: 'duration',
      ...{ default: 2_592_000_000, min: 60_000, max: 315_360_000_000 },
      doc: 'How long an alert is kept, from its arrival on.',
    },
    max_size: {
      kind: 'bytes',
      ...{ default: 8 * 1024 ** 3, min: 1024 ** 2 },
      doc: 'The size of the file above which the alerts that arrived first are removed.',
    },
  },
  batch: { items: 2048, bytes: 4 << 20 },
  deadline: 60_000,
  ordered: 'all',
  async open({ path, keep, max_size }, { note }) {
    // Only who keeps alerts loads it.
    const { StoreThread } = await import('@falc/store')
    const thread = new StoreThread({ path, age: keep, bytes: max_size, note })
    /** Ends with what an attempt that was given up has left to the thread. */
    let behind: Promise<unknown> = Promise.resolve()
    return {
      async send(items, signal) {
        try {
          // Another copy would only wait behind the first.
          await unlessAborted(behind, signal)
          const added = thread.insert(items.map(({ alert }) => alert))
          behind = added.catch(() => {})
          await unlessAborted(added, signal)
          return { delivered: items.length }
        } catch (error) {
          // One that takes long goes on: it may be upgrading the file, which would begin anew.
          const failure = signal.aborted ? LATE : failureOf(error)
          return { delivered: 0, failure: thread.hasEnded ? { ...failure, reconnect: true } : failure }
        }
      },
      close: force => thread.close(force),
    }
  },
})

const LATE: Failure = { class: 'later', cause: 'timeout', message: `${OUTPUT}: no answer in time` }

function failureOf(error: unknown): Failure {
  const message = `${OUTPUT}: ${(error as Error).message}`
  const { fault } = error as { fault?: StoreFault }
  if (fault === undefined) return { class: 'later', cause: 'error', message, reconnect: true }
  const isSetting = fault === 'newer' || fault === 'foreign' || fault === 'missing'
  return { class: isSetting ? 'misconfigured' : 'later', cause: fault, message }
}
