/**
 * Limits that the verifiers of old kernels put on a program and the functions it calls, checked on the built object. Newer
 * kernels count the stack in smaller steps, and not at all where a function has a separate stack.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missingAddon, NATIVE } from '../live/machine.ts'
import { type BpfFunction, readFunctions } from './bpf-object.ts'

/** check_max_stack_depth of Linux 5.10 (kernel/bpf/verifier.c). */
const STACK = 512
const STEP = 32
const FRAMES = 8

/** Why Linux 5.10 would refuse programs of these functions, each with the call path to the function that is too much. */
function refusals(functions: readonly BpfFunction[]): string[] {
  const named = new Map(functions.map(one => [one.name, one]))
  const found: string[] = []
  const visit = (name: string, way: readonly string[], above: number): void => {
    const { stack, calls, tailCalls } = named.get(name)!
    const depth = above + Math.ceil(Math.max(stack, 1) / STEP) * STEP
    const here = [...way, `${name} ${depth}`]
    if (tailCalls && (way.length > 0 || calls.length > 0)) found.push(`${here.join(' > ')}: calls and tail calls`)
    else if (depth > STACK) found.push(`${here.join(' > ')}: more than ${STACK} bytes`)
    else if (here.length > FRAMES) found.push(`${here.join(' > ')}: more than ${FRAMES} frames`)
    else for (const called of calls) visit(called, here, depth)
  }
  for (const { name, isProgram } of functions) if (isProgram) visit(name, [], 0)
  return found
}

const one = (name: string, stack: number, calls: string[] = [], rest: Partial<BpfFunction> = {}): BpfFunction => ({
  name,
  stack,
  calls,
  tailCalls: false,
  isProgram: false,
  ...rest,
})
const program = (stack: number, calls: string[], tailCalls = false) =>
  one('main', stack, calls, { isProgram: true, tailCalls })
const chain = (length: number) => Array.from({ length }, (_, i) => one(`f${i}`, 8, i + 1 < length ? [`f${i + 1}`] : []))

describe('a program', () => {
  test.each<[string, BpfFunction[], string[]]>([
    ['of 512 bytes in all', [program(256, ['f']), one('f', 256)], []],
    ['of 482 bytes, rounded to 544', [program(257, ['f']), one('f', 225)], ['main 288 > f 544: more than 512 bytes']],
    ['whose functions have no stack', [program(481, ['f']), one('f', 0)], ['main 512 > f 544: more than 512 bytes']],
    [
      'with one call path that is too much',
      [program(320, ['f', 'g']), one('f', 100, ['g']), one('g', 90)],
      ['main 320 > f 448 > g 544: more than 512 bytes'],
    ],
    ['of eight frames', [program(8, ['f0']), ...chain(7)], []],
    [
      'of nine frames',
      [program(8, ['f0']), ...chain(8)],
      [expect.stringMatching(/^main 32 > f0 64 .* > f7 288: more than 8 frames$/)],
    ],
    ['that tail-calls', [program(64, [], true)], []],
    ['that calls and tail-calls', [program(64, ['f'], true), one('f', 8)], ['main 64: calls and tail calls']],
    ['is needed: functions alone are not checked', [one('f', 400, ['g']), one('g', 400)], []],
  ])('%s', (_, functions, expected) => {
    expect(refusals(functions)).toEqual(expected)
  })
})

describe.skipIf(missingAddon() !== undefined)('objects compiled by clang', () => {
  test('are read with their stacks, calls and tail calls', () => {
    const source = `
      static long (*copy)(void *, unsigned, const void *) = (void *)113;
      static long (*tail)(void *, void *, unsigned) = (void *)12;
      static __attribute__((noinline)) int inner(long from) { char a[72]; copy(a, 65, (void *)from); return a[64]; }
      __attribute__((noinline)) int outer(int n) { volatile long kept = n; return inner(n) + kept; }
      __attribute__((section("raw_tp/a"))) int first(void *c) { return outer((long)c) + inner((long)c); }
      __attribute__((section("raw_tp/a"))) int second(void *c) { return tail(c, c, 1); }`
    const object = execFileSync(
      'sh',
      ['-c', '$(which clang-19 clang clang-18 clang-17 | head -n 1) -O2 -target bpf -x c -c - -o -'],
      { input: source },
    )
    expect(readFunctions(object)).toEqual([
      one('inner', 72),
      one('outer', 8, ['inner']),
      one('first', 0, ['outer', 'inner'], { isProgram: true }),
      one('second', 0, [], { isProgram: true, tailCalls: true }),
    ])
  })

  test('such as the probe are within the limits of Linux 5.10', () => {
    const functions = readFunctions(readFileSync(join(NATIVE, 'probe.bpf.o')))
    expect(functions.filter(({ isProgram }) => isProgram).length).toBeGreaterThan(90)
    expect(functions.filter(({ isProgram, calls }) => isProgram && calls.length > 0).length).toBeGreaterThan(80)
    expect(refusals(functions)).toEqual([])
  })
})
