import { describe, expect, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { Block } from '../../src/capture/block.ts'
import { CaptureError } from '../../src/capture/capture-error.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { assemble, block, eventBlock, join, SECTION } from './assemble.ts'
import { json, printEvent, printFd, printProcess } from './print.ts'

/**
 * `blocks`: what the capture holds. `BLOCK WORDS` is a block of that kind with these bytes; for event blocks the words are
 * `TID EVENT PARAMETER…` (or `TID [flags N] EVENT …`); `raw WORDS` are bytes without a block around them; `section` starts
 * another section. A section header is written first unless the first line is `raw`.
 * `read`: what the reader reports, the same when it is given the file byte by byte.
 */
describe.each(readCases(new URL('cases/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const bytes = capture(one.lines('blocks'))
    const whole = read(bytes, bytes.length)
    one.expect('read', whole.join('\n'))
    expect(read(bytes, 1)).toEqual(whole)
  })
})

function capture(lines: readonly string[]): Uint8Array {
  const parts = lines.map(line => {
    const [, kind, words] = /^(\S+) ?(.*)$/.exec(line)!
    if (kind === 'raw') return assemble(words!)
    if (kind === 'section') return SECTION
    const type = (Block as Record<string, number>)[kind!] ?? Number(kind)
    if (!kind!.startsWith('event')) return block(type, assemble(words!))
    const flags = /\[flags (\d+)\] /.exec(words!)
    return eventBlock(type, words!.replace(/\[flags \d+\] /, ''), Number(flags?.[1] ?? 0))
  })
  return join(lines[0]?.startsWith('raw') ? parts : [SECTION, ...parts])
}

function read(bytes: Uint8Array, chunk: number): string[] {
  const lines: string[] = []
  const reader = new CaptureReader({
    onSection: index => index > 0 && lines.push(`section ${index}`),
    onMachine: machine => lines.push(`machine ${json(machine)}`),
    onProcess: process => lines.push(printProcess(process)),
    onFd: (tid, fd) => lines.push(printFd(tid, fd)),
    onInterfaces: interfaces => lines.push(`interfaces ${json(interfaces)}`),
    onUsers: (users, groups) => lines.push(`users ${json(users)} groups ${json(groups)}`),
  })
  try {
    for (let at = 0; at < bytes.length; at += chunk) {
      reader.push(bytes.subarray(at, at + chunk))
      while (reader.next()) lines.push(printEvent(reader.event))
    }
    reader.end()
    while (reader.next()) lines.push(printEvent(reader.event))
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    lines.push(`error ${error.code}: ${error.message}`)
    expect(reader.next()).toBe(false)
  }
  const { merged, newer, unknownBlocks } = reader.counts
  const counts = Object.entries({ merged, newer, unknownBlocks }).filter(([, count]) => count > 0)
  if (counts.length > 0) lines.push(counts.map(([kind, count]) => `${kind} ${count}`).join(', '))
  return lines
}
