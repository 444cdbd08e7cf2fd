import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { ACTIONS, loadPlaybooks, runCases } from '@falc/response'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { k8sAudit } from '../../packages/sources-k8saudit/src/index.ts'
import { syscall } from '../../packages/sources-syscall/src/index.ts'

const text = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')
const source = alerts({ sources: [syscall(), k8sAudit()] })

describe.each(['kubernetes', 'machine'])('%s.yaml', name => {
  const content = text(`${name}.yaml`)

  test('its test cases pass', async () => {
    const results = await runCases({ name: `${name}.test.yaml`, content: text(`${name}.test.yaml`) }, content, {
      source,
    })
    expect(results.flatMap(({ name, differences }) => differences.map(line => `${name}: ${line}`))).toEqual([])
    expect(results.length).toBeGreaterThan(0)
  })

  test('the rules that it names exist, and each playbook is in dry-run mode', () => {
    const rules = new Set(parse(text('../../rules/syscall.yaml')).map((item: { rule?: string }) => item.rule))
    const playbooks = loadPlaybooks([{ name, content }], { actions: ACTIONS, source })
    for (const { when, mode } of playbooks) {
      expect(mode).toBe('dry-run')
      const named = [...when.matchAll(/"([^"]+)"/g)].map(([, rule]) => rule)
      expect(named.filter(rule => rule !== '' && !rules.has(rule))).toEqual([])
    }
  })
})
