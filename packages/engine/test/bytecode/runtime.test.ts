import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SRC = new URL('../../src/', import.meta.url)

/** Everything that a module loads, by import statements alone. */
function loads(file: URL, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(file.href)) return seen
  const text = readFileSync(file, 'utf8').replace(/^(?:import|export) type [^\n]*\n/gm, '')
  const names = [...text.matchAll(/from '([^']+)'/g)].map(match => match[1]!)
  seen.set(
    file.href,
    names.filter(name => !name.startsWith('.')),
  )
  for (const name of names) if (name.startsWith('.')) loads(new URL(name, file), seen)
  return seen
}

test('the runtime loads neither parser nor compiler', () => {
  const graph = loads(new URL('runtime.ts', SRC))
  expect(new Set([...graph.values()].flat())).toEqual(new Set(['re2js']))
  for (const href of graph.keys()) expect(href).not.toMatch(/condition\/(parse|grammar)|bytecode\/(compile|lower)/)
})

test('where code generation is forbidden, the VM runs', () => {
  const script = `
    import { compileProgram } from './bytecode/compile.ts'
    import { createEvaluator } from './bytecode/create-evaluator.ts'
    import { lower } from './bytecode/lower.ts'
    import { parseCondition } from './condition/parse.ts'
    import { defineSource } from './fields/field.ts'
    import { FieldTable } from './fields/table.ts'
    const source = defineSource({ name: 's', fields: { 'a.b': { type: 'string', doc: '', extract: e => e.b } } })
    const table = new FieldTable(source)
    const program = compileProgram(table, [lower(parseCondition('a.b regex "x+"'), table).node])
    const evaluator = createEvaluator(program, 'jit')
    const truths = ['xx', 'y'].map(b => (evaluator.begin({ b }), evaluator.test(0)))
    console.log(evaluator.backend, ...truths)`
  const run = (...flags: string[]) =>
    execFileSync(process.execPath, ['--conditions=@falc/source', ...flags, '--input-type=module', '-e', script], {
      cwd: fileURLToPath(SRC),
      encoding: 'utf8',
    }).trim()
  expect(run()).toBe('jit true false')
  expect(run('--disallow-code-generation-from-strings')).toBe('vm true false')
})
