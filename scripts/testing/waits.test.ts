/**
 * Tests wait for conditions (`until` of wait.ts) and compare costs (cost.ts): a fixed pause is too short on a busy machine
 * and too long on any other, and so is a bound of wall time.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, trackedFiles } from '../docs/markdown.ts'

/** Pauses that nothing else can stand for, by file: how many, and why. */
const ALLOWED: Readonly<Record<string, readonly [pauses: number, why: string]>> = {}

const PAUSE = /await (?:sleep|setTimeout)\(|=> setTimeout\(resolve/
const LOOP = /\b(?:for|while) \(|\bdo \{/
const BOUND = /expect\([^)]*(?:performance\.now\(\)|elapsed|passed|took|slowest)[^)]*\)*\.toBeLessThan/

/** Lines that pause outside of a loop that asks for something. */
function pausesOf(text: string): number[] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    if (
      !PAUSE.test(line) ||
      LOOP.test(line) ||
      /^(?:export )?(?:async )?function|^(?:export )?const/.test(lines[i - 1] ?? '')
    )
      return []
    const indent = line.search(/\S/)
    for (let j = i - 1; j >= 0; j--) {
      const at = lines[j]!.search(/\S/)
      if (at < 0 || at >= indent) continue
      if (LOOP.test(lines[j]!)) return []
      if (/\b(?:test|beforeEach|beforeAll|afterEach|afterAll)\b.*\(|function|=> \{$/.test(lines[j]!)) break
    }
    return [i + 1]
  })
}

const files = trackedFiles().filter(
  name => /(?:\/test\/.*|\.test)\.ts$/.test(name) && name !== 'scripts/testing/waits.test.ts',
)
const texts = new Map(files.map(name => [name, readFileSync(join(ROOT, name), 'utf8')]))

test('no test pauses for a fixed time', () => {
  const found = [...texts].flatMap(([name, text]) => {
    const lines = pausesOf(text)
    return lines.length === (ALLOWED[name]?.[0] ?? 0)
      ? []
      : [`${name}: ${lines.length} pauses, at lines ${lines.join(', ')}`]
  })
  expect(found).toEqual([])
})

test('no test sets an upper bound for wall time', () => {
  const found = [...texts].flatMap(([name, text]) =>
    text.split('\n').flatMap((line, i) => (BOUND.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})

test('what is allowed is there', () => {
  expect(Object.keys(ALLOWED).filter(name => !texts.has(name))).toEqual([])
})
