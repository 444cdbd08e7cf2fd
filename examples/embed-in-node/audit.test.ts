import { readFileSync } from 'node:fs'
import { alertJson } from '@falc/engine'
import { expect, test } from 'vitest'
import { detector, inspect } from './audit.ts'

const text = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

test('the log gives the alerts that the README shows', () => {
  const alerts = inspect(detector(new URL('rules.yaml', import.meta.url)), text('audit.json'))
  expect(alerts.map(({ rule }) => rule)).toEqual(['Secret read by a person', 'Shell in a pod'])
  for (const alert of alerts) expect(text('README.md')).toContain(alertJson(alert))
})
