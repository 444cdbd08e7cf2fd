import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { dump, fdLine } from './dump.ts'
import { play } from './play.ts'

/**
 * `events`: see play.ts; a `?` after an event's name shows what rules would see of it.
 * `tables`: the tables after the events.
 */
describe.each(readCases(new URL('cases/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => one.expect('tables', run(one.lines('events')).join('\n')))
})

function run(lines: readonly string[]): string[] {
  const seen: string[] = []
  const state = play(lines, (event, visible, asked) => {
    if (asked) seen.push(viewOf(event, visible))
  })
  return [...seen, ...dump(state)]
}

/** What rules see: the thread, the descriptor and whether the event gave it another name. */
function viewOf(event: SyscallEvent, visible: boolean): string {
  const thread = event.thread === null ? 'no thread' : `thread ${event.thread.tid} "${event.thread.cmdline}"`
  const fd = event.fd === null ? '' : `,${fdLine(event.fdNum, event.fd).slice(1)}`
  const renamed = event.fd !== null && event.fd === event.renamed ? ', renamed' : ''
  return `seen by rules: ${visible ? '' : 'no; '}${thread}, fd ${event.fdNum}${fd}${renamed}`
}
