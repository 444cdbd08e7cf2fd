import { printable } from '../printable.ts'
import type { Feed } from '../sources/feed.ts'

/** Milliseconds between two updates of the line. */
const INTERVAL = 500

/**
 * Shows how much of a file has been read: one line on standard error, redrawn, if that is a terminal and alerts do not go
 * to the same one. @returns a function that removes the line
 */
export function showProgress(
  feeds: readonly Feed[],
  stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
  stdout: Pick<NodeJS.WriteStream, 'isTTY'> = process.stdout,
): () => void {
  const feed = feeds.find(({ progress }) => progress !== undefined)
  if (feed === undefined || !stderr.isTTY || stdout.isTTY) return () => {}
  const timer = setInterval(() => {
    const { position, size, events } = feed.progress!()
    const share = size > 0 ? `${Math.floor((100 * position) / size)} %` : `${Math.floor(position / 2 ** 20)} MiB`
    stderr.write(`\r\x1b[K${printable(feed.title)}: ${share}, ${events} events`)
  }, INTERVAL)
  return () => {
    clearInterval(timer)
    stderr.write('\r\x1b[K')
  }
}
