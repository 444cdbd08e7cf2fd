/** Hostile alerts and damaged playbooks: nothing crashes, and only what a playbook names is called. See scripts/fuzz.ts. */
import { alerts } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { fuzzed } from '../../../scripts/testing/fuzz.ts'
import { ACTIONS, type Call, loadPlaybooks, PlaybookError, type Schema, testPlaybook } from '../src/index.ts'

const RUNS = fuzzed(50)

test('no field of an alert crashes planning, or changes what the playbook fixes', () => {
  const steps = ACTIONS.map(({ name, example }) => ({ [name]: parse(example) }))
  const content = JSON.stringify([{ playbook: 'p', when: 'alert.rule exists', steps }])
  const playbooks = loadPlaybooks([{ name: 'p', content }], { actions: ACTIONS, source: alerts() })
  const options = { source: alerts() }
  const names = ['proc.pid', 'proc.pid.ts', 'proc.name', 'proc.exepath', 'container.id', 'container.name', 'fd.name']
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.integer(),
    fc.constantFrom(
      '1',
      '4711',
      '203.0.113.9',
      '0123456789ab',
      '/etc/passwd',
      '/tmp/x',
      '<NA>',
      '$(id)',
      '../..',
      '%proc.name',
      null,
    ),
  )
  const all = [...names, 'fd.rip', 'k8s.pod.uid', 'k8s.ns.name', 'ka.target.resource', 'ka.target.name']
  const fields = fc.record(Object.fromEntries(all.map(name => [name, hostile])), { requiredKeys: [] })
  const SOUND: Record<string, string | number>[] = [
    { 'proc.pid': 4711, 'container.id': '0123456789ab', 'fd.rip': '203.0.113.9' },
    { 'proc.exepath': '/tmp/x' },
  ]
  const vias = new Set<string>()
  fc.assert(
    fc.property(fields, output_fields => {
      const [plan] = testPlaybook(playbooks, { output_fields }, options)
      expect(plan!.steps.map(({ action }) => action)).toEqual(ACTIONS.map(({ name }) => name))
      for (const { calls, held } of plan!.steps) {
        if (held !== undefined) continue
        for (const call of calls) {
          if (typeof call === 'string') continue
          vias.add(call.via)
          // What the playbook fixes stays fixed.
          if (call.via === 'http') expect(call.url).toBe('https://functions.example/kill')
          if (call.via === 'nats') expect(call.subject).toBe('FUNCTIONS.quarantine')
          if (call.via === 'program') expect(call.argv).toEqual(['/usr/local/bin/block', call.argv[1]])
          if (call.via === 'process') expect(call.pid).toBeGreaterThan(1)
          if (call.via === 'engine') expect(call.container).toMatch(/^[0-9a-f]{12,64}$/)
          if (call.via === 'file') expect(call.path).toMatch(/^\/(?!etc\/|usr\/|proc\/)/)
        }
      }
    }),
    { ...RUNS, examples: SOUND.map((one): [typeof one] => [one]) },
  )
  expect([...vias].sort()).toEqual(['capture', 'engine', 'file', 'http', 'nats', 'output', 'process', 'program'])
})

/** Marks values that an attacker has chosen. */
const MARK = 'ZZ'
const CHOSEN = ['%proc.name', '%fd.name']

/** A value for a schema, with fields in every text that may contain them. */
function filled(schema: Schema, given: unknown): unknown {
  if (schema.format === 'value' || schema.format === 'template') return CHOSEN[0]
  if (schema.type === 'array') return schema.items?.format ? ['/usr/local/bin/block', ...CHOSEN] : given
  if (typeof schema.additionalProperties === 'object')
    return schema.additionalProperties.format ? { a: CHOSEN[0] } : given
  if (!schema.properties) return given
  const values = (given ?? {}) as Record<string, unknown>
  const entries = Object.entries(schema.properties).map(([name, one]) => [name, filled(one, values[name])])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

test('fields that an attacker controls stay whole and in their place, in every parameter', () => {
  const steps = ACTIONS.map(({ name, params, example }) => {
    const { for: _, ...given } = parse(example)
    return { [name]: filled(params, given) }
  })
  const content = JSON.stringify([{ playbook: 'p', when: 'alert.rule exists', steps }])
  const playbooks = loadPlaybooks([{ name: 'p', content }], { actions: ACTIONS, source: alerts() })
  const options = { source: alerts() }
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('$(id)', '`id`', '; id', '../../x', '%proc.pid', '\n', '"', "'", '{}', '-rf', '--', '=', ' '),
  )
  const marked = fc.array(text, { maxLength: 3 }).map(parts => MARK + parts.join(''))
  const sound = {
    ...{ 'proc.pid': 4711, 'container.id': '0123456789ab', 'proc.exepath': '/tmp/x', 'ka.target.name': 'b' },
    ...{ 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web', 'k8s.pod.uid': '00000000-0000', 'ka.target.namespace': 'shop' },
    'ka.target.resource': 'rolebindings',
  }
  const hostile = fc.record(
    Object.fromEntries([...Object.keys(sound), 'container.name', 'hostname'].map(name => [name, marked])),
    { requiredKeys: [] },
  )
  const acting = new Set<string>()
  fc.assert(
    fc.property(marked, marked, hostile, (name, file, others) => {
      const output_fields = { ...sound, ...others, 'proc.name': name, 'fd.name': file }
      const [plan] = testPlaybook(playbooks, { output_fields, output: name }, options)
      for (const { action, calls, held } of plan!.steps) {
        if (held !== undefined) continue
        acting.add(action)
        for (const call of calls as Call[]) {
          const { says: _, ...asked } = call as any
          // Where values are allowed, each is whole and separate.
          const { with: more = {}, ...rest } = asked
          if (rest.argv) expect(rest.argv).toEqual(['/usr/local/bin/block', name, file])
          if (rest.env) expect(rest.env).toEqual({ a: name })
          if (more.command) expect(more.command).toEqual(['/usr/local/bin/block', name, file])
          for (const map of [more.labels, more.annotations]) if (map) expect(map).toEqual({ a: name })
          const { argv, env, text, body, ...fixed } = rest
          const { command, labels, annotations, note, ...fixedMore } = more
          // Bindings and pods may have such names, if Kubernetes allows them; in paths, names are escaped.
          const { object: { name: called, ...object } = {} as any, ...others } = fixed
          expect(JSON.stringify([others, object, fixedMore])).not.toContain(MARK)
          if (called !== undefined) expect(called).toMatch(/^[^/%\0]{1,253}$/)
        }
      }
    }),
    { ...RUNS, examples: [['ZZ', 'ZZ', {}]] },
  )
  // Held back, since the file would be in a container.
  expect(ACTIONS.map(({ name }) => name).filter(name => !acting.has(name))).toEqual(['quarantine_file'])
})

test('a damaged playbook is loaded, or refused with the position of the error', () => {
  const steps = ACTIONS.slice(0, 6).map(({ name, example }) => `    - ${name}: ${example}`)
  const sound = `- playbook: p\n  when: alert.rule = "A shell" and not k8s.ns.name in (a, b)\n  mode: enforce\n  limits: { per_target: 2/1h, total: 10/1h }\n  steps:\n${steps.join('\n')}\n`
  const source = alerts()
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(
      '\n',
      '- ',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '"',
      '|\n',
      '? ',
      '!!js ',
      '1e999',
      'null',
      '%proc.name',
      '\0',
    ),
  )
  const edits = fc.array(fc.tuple(fc.nat(sound.length), fc.nat(12), piece), { minLength: 1, maxLength: 4 })
  let refused = 0
  fc.assert(
    fc.property(edits, list => {
      let content = sound
      for (const [at, cut, text] of list) content = content.slice(0, at) + text + content.slice(at + cut)
      try {
        loadPlaybooks([{ name: 'p.yaml', content }], { actions: ACTIONS, source })
      } catch (error) {
        if (!(error instanceof PlaybookError)) throw error
        refused++
        expect(error.message).toMatch(/^p\.yaml:\d+:\d+: /)
      }
    }),
    { ...RUNS, examples: [[[[0, 2, '[']]]] },
  )
  expect(refused).toBeGreaterThan(0)
})
