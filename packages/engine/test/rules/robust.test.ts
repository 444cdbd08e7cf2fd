import fc from 'fast-check'
import { expect, test } from 'vitest'
import { load } from './checks.ts'

/** How many random files of each kind: FALC_RUNS for more or fewer. */
const RUNS = Number(process.env.FALC_RUNS ?? 100_000)
/** No file may take more CPU time, in ms; ordinary ones take less than ten. */
const LIMIT = 1000

const SEEDS = [
  `- required_engine_version: 0.31.0
- list: shells
  items: [bash, "z sh", fish]
- macro: spawned
  condition: evt.type in (execve, execveat) and not proc.name in (shells)
- rule: Shell
  desc: &d A shell
  condition: >
    spawned and (proc.cmdline contains "a b" or
    proc.aname[2] = 'x\\'y')
  output: "Shell %proc.name"
  priority: WARNING
  tags: [a, b]
  exceptions:
    - name: known
      fields: [proc.name, fd.name]
      comps: [=, startswith]
      values:
        - [bash, /tmp]
`,
  `- rule: Other
  desc: *d
  condition: tolower(proc.name) = val(proc.pname) and fd.num >= 3
  output: x
  priority: error
---
- rule: Other
  condition: or not proc.name glob oneof ("*sh", a*)
  enabled: false
  override:
    condition: append
    enabled: replace
- macro: m
  condition: m
`,
]
/** Pieces that mean something in a rules file. */
const WORDS = [
  '- rule: ',
  '\n',
  '  ',
  ': ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '&a ',
  '*a',
  '|',
  '>',
  '#',
  '---\n',
  'append: true',
  '(',
  ')',
  ' and ',
  ',',
  '=',
  '\\',
  '\t',
  '%',
  '~',
  '!!str ',
  '\u0000',
  '\ud800',
  '\u2028',
  'shells',
  '? ',
  '<<: ',
]

/** A generator of random numbers below `n`, the same for the same seed. */
function random(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

function mutate(seed: number): string {
  const below = random(seed)
  let text = SEEDS[below(SEEDS.length)]!
  for (let n = 1 + below(4); n > 0; n--) {
    const at = below(text.length + 1)
    const length = below(12)
    const piece = below(2) === 0 ? WORDS[below(WORDS.length)]! : text.slice(below(text.length), below(text.length))
    text = text.slice(0, at) + piece + text.slice(at + (below(2) === 0 ? length : 0))
  }
  return text
}

/** Loads the text as a file and returns the CPU time this took, in ms. Whatever is wrong with it must be a problem. */
function costOf(text: string): number {
  // Most files here are wrong: stack traces would take more time than loading does.
  Error.stackTraceLimit = 0
  const before = process.threadCpuUsage()
  const result = load([{ name: 'random.yaml', content: text }])
  if (result.ok !== (result.errors.length === 0)) throw new Error('ok and errors do not agree')
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

test('random bytes', { timeout: 180_000 }, () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map(array => String.fromCharCode(...array))
  const yamlish = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 }).map(words => words.join(''))
  fc.assert(
    fc.property(fc.oneof(bytes, yamlish), text => costOf(text) < LIMIT),
    { numRuns: RUNS },
  )
})

test('mutated rules files', { timeout: 180_000 }, () => {
  for (let seed = 0; seed < RUNS; seed++) {
    const text = mutate(seed)
    expect(costOf(text), text).toBeLessThan(LIMIT)
  }
})
