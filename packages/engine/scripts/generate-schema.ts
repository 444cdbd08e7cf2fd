// Compiles the rule schema to a module that validates without ajv and without eval.
//   node scripts/generate-schema.ts [--check]     --check: fails when the module is stale, writes nothing
import { readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'

const schemaFile = new URL('../src/rules/rule-schema.json', import.meta.url)
const moduleFile = new URL('../src/rules/rule-schema.gen.ts', import.meta.url)

const schema = JSON.parse(readFileSync(schemaFile, 'utf8'))
const ajv = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  inlineRefs: false,
  code: { source: true, esm: true, lines: true },
})
const code = standalone.default(ajv, ajv.compile(schema))
// The declaration that TypeScript infers from ajv's function does not compile.
const typed = code.replace('export const validate =', 'export const validate: (data: unknown) => boolean =')
const text = `// @ts-nocheck
// Generated from rule-schema.json by scripts/generate-schema.ts: do not edit.
export const RULE_SCHEMA = ${JSON.stringify(schema, null, 2)}
${typed.replace('"use strict";', '').replace(/export default \w+;\n?/, '')}`

if (!process.argv.includes('--check')) {
  writeFileSync(moduleFile, text)
} else if (readFileSync(moduleFile, 'utf8') !== text) {
  console.error('src/rules/rule-schema.gen.ts is stale: run node scripts/generate-schema.ts')
  process.exit(1)
}
