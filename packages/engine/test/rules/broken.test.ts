import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RuleLoader } from '../../src/rules/loader.ts'
import { formatResult } from '../../src/text/report.ts'
import { golden } from '../text/golden.ts'
import { checks } from './checks.ts'

const folder = new URL('../cases/rules/broken/', import.meta.url)
const names = readdirSync(folder).flatMap(file => (file.endsWith('.yaml') ? [file.slice(0, -5)] : []))

test.for(names)('%s', name => {
  const loader = new RuleLoader(checks)
  loader.addFile(`${name}.yaml`, readFileSync(new URL(`${name}.yaml`, folder), 'utf8'))
  const result = loader.finish().files[0]!
  const schema = result.schemaWarnings.map(warning => `schema: ${warning}\n`).join('')
  const text = `${formatResult(result)}\n${schema}`
  expect(text).toBe(golden(new URL(`${name}.txt`, folder), text))
})
