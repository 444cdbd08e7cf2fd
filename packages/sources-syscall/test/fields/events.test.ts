import { compileOutput } from '@falc/engine'
import { describe, test } from 'vitest'
import { type Case, readCaseFile } from '../../../../scripts/testing/cases.ts'
import { syscall } from '../../src/source.ts'
import { play } from '../state/play.ts'

const source = syscall()

/** What the fields of the case print in its last event. */
function printed(one: Case): Map<string, string> {
  const fields = one.rows('fields').map(row => row.input)
  const prints = fields.map(field => compileOutput(`*%${field}`, source))
  let texts: string[] = []
  play(one.lines('events'), event => {
    texts = prints.map(print => print(event))
  })
  return new Map(fields.map((field, i) => [field, texts[i]!]))
}

describe('fields of events that are in no bundled capture', () => {
  const files = ['cases/events.txt', 'cases/kubernetes.txt'].map(file => new URL(file, import.meta.url))
  test.each(files.flatMap(readCaseFile))('$title', one => {
    const texts = printed(one)
    one.expectRows('fields', field => texts.get(field)!)
  })
})
