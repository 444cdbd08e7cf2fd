import type { RuleTest } from '@falc/authoring'
import { CliError } from '../fail.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import type { Consumer, Feed } from '../sources/feed.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'

/** The number of events before and after the tested one. */
const AROUND = 10

/** Shows the events of a capture or an audit log. @param around the number of an event: only those around it are shown */
export function playFile(path: string, around?: number): RuleTest['play'] {
  return async see => {
    const feed = /\.scap(\.gz)?$/.test(path)
      ? await captureFeed(path)
      : await k8sAuditFeed({ from: path, warn: refuse })
    const enough = new AbortController()
    const near = (event: { readonly num: number }) => {
      if (event.num > around! + AROUND) enough.abort()
      else if (event.num >= around! - AROUND) see(feed.source, event)
    }
    const event = around === undefined ? (event: unknown) => see(feed.source, event) : near
    await runFeed(feed, { event, pause: () => undefined }, enough.signal)
  }
}

/**
 * Reads a file of events to its end, or until enough has been seen.
 * @throws {CliError} where a capture breaks off, unless that is behind what was wanted
 */
export async function runFeed(feed: Feed, consumer: Consumer, enough: AbortSignal): Promise<void> {
  try {
    await feed.run(consumer, enough)
  } catch (error) {
    if ((error as Error).name !== 'CaptureError') throw error
    if (!enough.aborted) throw new CliError(`${feed.title}: ${(error as Error).message}`)
  }
}

function refuse(text: string): never {
  throw new CliError(text)
}
