import { expect, test } from 'vitest'
import { captureFeed } from '../src/sources/capture-feed.ts'
import { k8sAuditFeed } from '../src/sources/k8s-audit-feed.ts'

const captures = new URL('../../../examples/captures/', import.meta.url).pathname

test.each([
  ['a capture', () => captureFeed(`${captures}host-a.scap`)],
  ['an audit log', () => k8sAuditFeed({ from: `${captures}k8s-audit.jsonl`, warn: () => {} })],
])('the feed of %s waits after each event whose alerts fill the outputs', async (_, open) => {
  let [waiting, most, events] = [0, 0, 0]
  const event = () => {
    events++
    most = Math.max(most, ++waiting)
    return true
  }
  const pause = async () => {
    await Promise.resolve()
    waiting = 0
  }
  await (await open()).run({ event, pause }, new AbortController().signal)
  expect(events).toBeGreaterThan(10)
  expect(most).toBe(1)
})
