import type { RuleTest } from '@falc/authoring'
import { CliError } from '../fail.ts'
import { captureFeed } from '../sources/capture-feed.ts'
import { k8sAuditFeed } from '../sources/k8s-audit-feed.ts'

/** Shows the events of a capture or an audit log. */
export function playFile(path: string): RuleTest['play'] {
  return async see => {
    const feed = /\.scap(\.gz)?$/.test(path)
      ? await captureFeed(path)
      : await k8sAuditFeed({ from: path, warn: refuse })
    const event = (event: unknown) => see(feed.source, event)
    await feed.run({ event, pause: () => undefined }, new AbortController().signal)
  }
}

function refuse(text: string): never {
  throw new CliError(text)
}
