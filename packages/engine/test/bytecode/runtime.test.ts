import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'rolldown'
import { expect, test } from 'vitest'

const SRC = new URL('../../src/', import.meta.url)

/** Bytes of the compressed bundle that a web page would load. Lower it when it shrinks; raise it only for good reason. */
const MAX_SIZE = 32_000

test('the runtime is small: no parser, compiler or regex engine, and no package except for hashes', async () => {
  const { output } = await build({
    input: fileURLToPath(new URL('runtime.ts', SRC)),
    output: { minify: true },
    write: false,
    logLevel: 'silent',
  })
  const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  expect(
    modules.filter(id =>
      /node_modules\/(?!.*@noble\/hashes)|condition\/(parse|grammar)|bytecode\/(compile|lower)|fields\/regex/.test(id),
    ),
  ).toEqual([])
  expect(modules.length).toBeGreaterThan(20)
  const code = output.map(chunk => (chunk.type === 'chunk' ? chunk.code : '')).join('')
  const size = gzipSync(code, { level: 9 }).length
  expect(size, `${size} bytes of ${code.length}`).toBeLessThan(MAX_SIZE)
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
