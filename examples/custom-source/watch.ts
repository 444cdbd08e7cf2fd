import { readFileSync } from 'node:fs'
import { stdin } from 'node:process'
import { createInterface } from 'node:readline'
import { alertText, Engine } from '@falc/engine'
import { type Change, shop } from './shop.ts'

const rules = new URL('shop-rules.yaml', import.meta.url)
const engine = new Engine({ sources: [shop], timeFormatIso8601: true })
const report = engine.load([{ name: 'shop-rules.yaml', content: readFileSync(rules, 'utf8') }])
if (!report.ok) throw new Error(report.errors.map(problem => problem.message).join('\n'))

async function* changes(): AsyncGenerator<Change> {
  for await (const line of createInterface({ input: stdin })) if (line !== '') yield JSON.parse(line)
}

for await (const alert of engine.run(changes())) console.log(alertText(alert))
