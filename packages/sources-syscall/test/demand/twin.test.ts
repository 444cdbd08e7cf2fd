/** Events that a replay passes over change no alert and no field, compared with the same replay with `readAll`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { alertJson, compileCondition, Engine, type FieldUse, type RulesFile } from '@falc/engine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fuzzed } from '../../../../scripts/testing/fuzz.ts'
import { EVENTS } from '../../src/events/table.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { openCapture } from '../../src/open-capture.ts'
import type { ReplayOptions } from '../../src/replay.ts'
import { syscall } from '../../src/source.ts'

const source = syscall()
const capturePath = (name: string) =>
  fileURLToPath(new URL(`../../../../examples/captures/${name}.scap`, import.meta.url))

/** Calls `visit` for each event delivered. @returns the number of events passed over */
async function replay(name: string, options: ReplayOptions, visit: (event: unknown) => void): Promise<number> {
  const capture = await openCapture(capturePath(name), options)
  try {
    do {
      while (capture.next()) visit(capture.event)
    } while (await capture.fill())
    return capture.counts.passedOver
  } finally {
    capture.close()
  }
}

async function alertsOf(name: string, files: readonly RulesFile[], readAll: boolean) {
  const engine = new Engine({ sources: [source], ruleMatching: 'all' })
  const { ok, errors } = engine.load(files)
  if (!ok) throw new Error(errors[0]!.message)
  const types = engine.wantedTypes(source) as Uint8Array
  const wanted = [...types.keys()].filter(type => types[type] === 1)
  const alerts: string[] = []
  const excludes = engine.excludes(source)
  const options = { wanted, fields: engine.fieldsRead(source), unmatched: engine.unmatched(source), excludes, readAll }
  const passed = await replay(name, options, event => {
    for (const alert of engine.evaluate(source, event as never)) alerts.push(alertJson(alert))
  })
  return { alerts, passed }
}

describe.each(['host-a', 'container-a'])('%s', name => {
  test('the bundled rules give the same alerts', async () => {
    const path = fileURLToPath(new URL('../../../../rules/syscall.yaml', import.meta.url))
    const files = [{ name: 'syscall.yaml', content: readFileSync(path, 'utf8') }]
    const slow = await alertsOf(name, files, true)
    const fast = await alertsOf(name, files, false)
    expect(fast.alerts).toEqual(slow.alerts)
    expect(slow.passed).toBe(0)
    expect(fast.passed).toBeGreaterThan(0)
  })
})

/** Every field, with an argument where it needs one. util.cnt is left out: it keeps counting across replays. */
const FIELDS: readonly string[] = Object.entries(SYSCALL_FIELDS)
  .filter(
    ([name, field]) =>
      field.removed !== true && field.deprecated !== true && name !== 'evt.around' && name !== 'util.cnt',
  )
  .flatMap(([name, { arg, argKind }]) => {
    if (name === 'evt.arg')
      return ['res', 'fd', 'pid', 'uid', 'name', 'flags', 'data', '0', '1'].map(a => `${name}[${a}]`)
    if (name === 'evt.rawarg') return [`${name}[res]`, `${name}[fd]`]
    if (name === 'evt.type.is') return [`${name}.openat`]
    if (name === 'evt.abspath') return [name, `${name}.src`]
    const given = argKind === 'index' || name.startsWith('container.mount') ? `${name}[1]` : `${name}[PATH]`
    return arg === 'required' ? [given] : arg === 'optional' && argKind !== 'path' ? [name, given] : [name]
  })

const TYPES = [
  'open',
  'openat',
  'close',
  'read',
  'write',
  'execve',
  'clone',
  'connect',
  'sendto',
  'sendmsg',
  'recvfrom',
  'dup2',
]
const MORE_TYPES = [
  'procexit',
  'mmap',
  'fcntl',
  'socket',
  'kill',
  'chdir',
  'prlimit',
  'poll',
  'accept4',
  'setuid',
  'fstat',
  'dup',
  'chmod',
  'unlinkat',
  'socketpair',
]

/** Values of the captures, and some that do not occur. */
const OPERANDS = ['cat', '/etc', 'shadow', '0', '1', '3', '1000', 'true', 'host', '*', '127.0.0.1', 'python3', 'root']
const OPERATORS = ['=', '!=', '<', '>=', 'contains', 'icontains', 'startswith', 'endswith', 'glob', 'in', 'pmatch']

/** Checks of a field; most combinations are not valid for its type. */
const QUESTIONS = OPERATORS.flatMap(operator =>
  OPERANDS.map(
    operand => `${operator} ${operator === 'in' || operator === 'pmatch' ? `("${operand}")` : `"${operand}"`}`,
  ),
)

function isValid(condition: string): boolean {
  try {
    compileCondition(condition, source)
    return true
  } catch {
    return false
  }
}

/** Most fields are rarely present: half of the checks test only that. */
const check = fc
  .tuple(
    fc.constantFrom(...FIELDS),
    fc.option(fc.shuffledSubarray(QUESTIONS, { minLength: 8, maxLength: 8 }), { freq: 1 }),
  )
  .map(([field, questions]) => {
    const checks = (questions ?? []).map(question => `${field} ${question}`)
    return checks.find(isValid) ?? `${field} exists`
  })
const condition = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 3, arbitrary: check },
    { weight: 1, arbitrary: tie('node').map(c => `not (${c})`) },
    { weight: 1, arbitrary: fc.tuple(tie('node'), tie('node')).map(cs => `(${cs.join(' and ')})`) },
    { weight: 1, arbitrary: fc.tuple(tie('node'), tie('node')).map(cs => `(${cs.join(' or ')})`) },
  ),
})).node

const rule = fc.record({
  types: fc.uniqueArray(fc.constantFrom(...TYPES, ...MORE_TYPES), { minLength: 1, maxLength: 3 }),
  condition: fc.option(condition, { nil: undefined }),
  output: fc.uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 3 }),
})
const filterOnly = (field: string) =>
  SYSCALL_FIELDS[field.replace(/\[.*/, '').replace(/\.(openat|src)$/, '')]?.filterOnly === true

function rulesFile(rules: readonly { types: string[]; condition: string | undefined; output: string[] }[]): RulesFile {
  const items = rules.map(({ types, condition, output }, i) => ({
    rule: `R${i}`,
    desc: 'd',
    condition: `evt.type in (${types.join(', ')})${condition === undefined ? '' : ` and ${condition}`}`,
    output:
      output
        .filter(field => !filterOnly(field))
        .map(field => `${field}=%${field}`)
        .join(' ') || 'o',
    priority: 'INFO',
  }))
  return { name: 'random.yaml', content: JSON.stringify(items) }
}

test('random rules over every field and operator give the same alerts', { timeout: 0 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 3 }), async rules => {
      const files = [rulesFile(rules)]
      expect((await alertsOf('host-a', files, false)).alerts).toEqual((await alertsOf('host-a', files, true)).alerts)
    }),
    fuzzed(25),
  )
})

test('a replay that is not told which fields are read passes over only events that change none', async () => {
  const wanted = [EVENTS.find(({ code }) => code === 'SYSCALL_EXECVE_19_X')!.id]
  const fields: FieldUse[] = ['proc.vmsize', 'fd.connected', 'proc.fdlimit', 'proc.cwd'].map(name => ({
    name,
    arg: undefined,
  }))
  const seen = async (options: ReplayOptions) => {
    const texts: string[] = []
    const passed = await replay('container-a', { wanted, ...options }, event => {
      texts.push(fields.map(({ name }) => String(SYSCALL_FIELDS[name]!.extract(event as never))).join(' '))
    })
    return { texts, passed }
  }
  const all = await seen({ readAll: true })
  const unknown = await seen({})
  const known = await seen({ fields })
  expect(unknown.texts).toEqual(all.texts)
  expect(known.texts).toEqual(all.texts)
  expect([all.passed, unknown.passed > 0, known.passed >= unknown.passed]).toEqual([0, true, true])
})
