import { fileURLToPath } from 'node:url'
import { compileOutput } from '@falc/engine'
import { describe, test } from 'vitest'
import { type Case, readCaseFile } from '../../../../scripts/testing/cases.ts'
import type { SyscallEvent } from '../../src/event.ts'
import { openCapture } from '../../src/open-capture.ts'
import { syscall } from '../../src/source.ts'

const source = syscall()
const numberOf = (one: Case) => Number(/^event (\d+)$/.exec(one.title)![1])

/** By event number, what the fields of its case print: `fields` is a table of fields and their texts. */
async function printed(name: string, cases: readonly Case[]): Promise<Map<number, Map<string, string>>> {
  const fields = new Map(cases.map(one => [numberOf(one), one.rows('fields').map(row => row.input)]))
  const print = new Map<string, ReturnType<typeof compileOutput<SyscallEvent>>>()
  for (const field of new Set([...fields.values()].flat())) print.set(field, compileOutput(`*%${field}`, source))
  const texts = new Map<number, Map<string, string>>()
  const path = new URL(`../../../../examples/captures/${name}.scap`, import.meta.url)
  const capture = await openCapture(fileURLToPath(path))
  try {
    do {
      while (capture.next()) {
        const { event } = capture
        const asked = fields.get(event.num)
        if (asked) texts.set(event.num, new Map(asked.map(field => [field, print.get(field)!(event)])))
      }
    } while (await capture.fill())
  } finally {
    capture.close()
  }
  return texts
}

describe.each(['host-a', 'container-a'])('%s', async name => {
  const cases = readCaseFile(new URL(`cases/${name}.txt`, import.meta.url))
  const texts = await printed(name, cases)
  test.each(cases)('$title', one => {
    one.expectRows('fields', field => texts.get(numberOf(one))?.get(field) ?? 'no such event')
  })
})
