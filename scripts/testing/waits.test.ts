/**
 * Tests wait for conditions (`until` of wait.ts) and compare costs (cost.ts): a fixed pause is too short on a busy machine
 * and too long on any other, and so is a bound of wall time.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, trackedFiles } from '../docs/markdown.ts'

/** Pauses that no condition can replace, mostly since nothing may happen meanwhile: by file, how many and why. */
const ALLOWED: Readonly<Record<string, readonly [pauses: number, why: string]>> = {
  'packages/cli/test/containers.test.ts': [1, 'nothing more may come'],
  'packages/cli/test/metrics.test.ts': [1, 'no further snapshot may come'],
  'packages/cli/test/service-manager.test.ts': [1, 'a stopped process must stay silent'],
  'packages/cli/test/test-watch.test.ts': [1, 'no run may begin'],
  'packages/cli/test/watch.test.ts': [2, 'no further change may be reported'],
  'packages/response/test/functions.test.ts': [1, 'a function that never ends'],
  'packages/response/test/responder.ts': [2, 'an act takes time, in which the process is killed'],
  'packages/sources-k8saudit/test/nats-workers.test.ts': [1, 'a server that is slow'],
  'packages/sources-syscall/test/containers/watches.test.ts': [2, 'two writes, not one; no further request may come'],
  'packages/sources-syscall/test/live/protocol.test.ts': [1, 'time to answer what must not be answered'],
  'packages/sources-syscall/test/live/restarts.test.ts': [1, 'no process may come back'],
  'packages/sources-syscall/test/live/service.test.ts': [1, 'no further frame may come'],
  'packages/sources-syscall/test/live/wants.test.ts': [1, 'a reader that has slept since it filled'],
}

const OTHER_WAIT = /\bvi\.wait(?:For|Until)\(|\bexpect\.poll\(/
const PAUSE = /await (?:sleep|setTimeout)\(|=> setTimeout\(resolve/
const LOOP = /\b(?:for|while) \(|\bdo \{/
const BOUND = /expect\([^)]*(?:performance\.now\(\)|elapsed|passed|took|slowest)[^)]*\)*\.toBeLessThan/

/** Lines that pause outside of a loop that checks something. */
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

function linesWith(pattern: RegExp): string[] {
  return [...texts].flatMap(([name, text]) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : [])),
  )
}

test('no test waits with a deadline of its own', () => {
  expect(linesWith(OTHER_WAIT)).toEqual([])
})

test('no test sets an upper bound for wall time', () => {
  expect(linesWith(BOUND)).toEqual([])
})

test('every file with allowed pauses exists', () => {
  expect(Object.keys(ALLOWED).filter(name => !texts.has(name))).toEqual([])
})
