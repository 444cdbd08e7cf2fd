import { readdirSync, readFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Block } from '../../src/capture/block.ts'
import { CaptureError } from '../../src/capture/error.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { assemble, block, eventBlock, join, SECTION } from './assemble.ts'
import { json, printEvent, printFd, printProcess } from './print.ts'

/**
 * Case files: `=== title`, then lines of input, `---`, lines of output. Input: `BLOCK WORDS` is a block of that kind with
 * these bytes; for event blocks the words are `TID EVENT PARAMETER…` (or `TID EVENT [flags N] …`); `raw WORDS` are bytes as
 * they stand; `section` starts a further one. A section header comes first unless the first line is `raw`.
 */
const folder = path(import.meta.dirname, 'cases')
for (const name of readdirSync(folder)) {
  describe(name, () => {
    for (const part of readFileSync(path(folder, name), 'utf8').split(/^=== /m).slice(1)) {
      const [title, ...rest] = part.split('\n') as [string, ...string[]]
      const [input, output] = rest.join('\n').split(/^---\n/m) as [string, string]
      const bytes = capture(input.split('\n').filter(line => line !== ''))
      const expected = output.split('\n').filter(line => line !== '')
      test(title, () => {
        expect(read(bytes, bytes.length)).toEqual(expected)
      })
      test(`${title}, byte by byte`, () => {
        expect(read(bytes, 1)).toEqual(expected)
      })
    }
  })
}

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
