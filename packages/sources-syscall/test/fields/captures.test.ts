import { fileURLToPath } from 'node:url'
import { compileOutput } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import type { SyscallEvent } from '../../src/event.ts'
import { openCapture } from '../../src/replay.ts'
import { syscall } from '../../src/source.ts'
import { readCases } from './cases.ts'

/** `NUM field = text`: what the field prints in event NUM of examples/captures/NAME.scap. */
async function printed(name: string): Promise<{ expected: string[]; actual: string[] }> {
  const source = syscall()
  const expected: string[] = []
  const wanted = new Map<number, { field: string; print: ReturnType<typeof compileOutput<SyscallEvent>> }[]>()
  for (const { text } of readCases(`${name}.txt`)) {
    const [, num, field] = /^(\d+) (\S+) = /.exec(text)!
    expected.push(text)
    const list = wanted.get(Number(num)) ?? []
    list.push({ field: field!, print: compileOutput(`*%${field}`, source) })
    wanted.set(Number(num), list)
  }
  const actual: string[] = []
  const capture = await openCapture(
    fileURLToPath(new URL(`../../../../examples/captures/${name}.scap`, import.meta.url)),
  )
  try {
    do {
      while (capture.next()) {
        const { event } = capture
        for (const { field, print } of wanted.get(event.num) ?? [])
          actual.push(`${event.num} ${field} = ${print(event)}`)
      }
    } while (await capture.fill())
  } finally {
    capture.close()
  }
  return { expected, actual }
}

describe.each(['host-a', 'container-a'])('%s', name => {
  test('fields print as they should', async () => {
    const { expected, actual } = await printed(name)
    expect(actual).toEqual(expected)
  })
})
