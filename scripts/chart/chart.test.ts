/** The chart and the overlays of deploy/kubernetes: the same objects, valid, and understood by the command. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { manifest } from '../../packages/cli/src/admission/manifest.ts'
import { loadConfig } from '../../packages/cli/src/config/config.ts'
import { metadataRole } from '../../packages/kubernetes/src/index.ts'
import { missingModule } from '../../packages/outputs/test/transports/peer.ts'
import { skipped } from '../testing/needs.ts'
import { testCommands } from './install.ts'
import {
  CHART,
  cannotRender,
  type KubeObject,
  kustomize,
  normal,
  placeOf,
  Renderer,
  SCENARIOS,
  valuesOf,
  wrongIn,
} from './objects.ts'
import { understood } from './understood.ts'

const reason = skipped('peers', cannotRender() ?? missingModule('kubernetes'))

describe.skipIf(reason !== undefined)('deploy/kubernetes', () => {
  let renderer: Renderer
  const overlays = new Map<string, KubeObject[]>()
  beforeAll(() => {
    renderer = new Renderer()
    for (const name of SCENARIOS) overlays.set(name, kustomize(join(CHART, 'scenarios', name)))
  })
  afterAll(() => renderer?.close())

  test.each(SCENARIOS)('%s: values and overlay give the same objects', name => {
    // A chart cannot make the namespace that it is installed in.
    const overlay = overlays.get(name)!.filter(({ kind }) => kind !== 'Namespace')
    const chart = renderer.helm(valuesOf(name))
    expect(normal(chart)).toEqual(normal(overlay))
    expect(chart.length).toBe(overlay.length)
  })

  test('there are at least ten scenarios, and no two give the same objects', () => {
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(10)
    const texts = renderer.texts(SCENARIOS.map(valuesOf)).map(({ text }) => text)
    expect(new Set(texts).size).toBe(SCENARIOS.length)
  })

  test('every object passes strict decoding by the types of the API', () => {
    const known = [...overlays.values()].flat().filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.'))
    expect(wrongIn(known)).toEqual([])
    const daemonSet = structuredClone(known.find(({ kind }) => kind === 'DaemonSet'))
    daemonSet.spec.template.spec.containers[0].prots = []
    delete daemonSet.spec.template.spec.containers[1].name
    expect(wrongIn([daemonSet])).toEqual([
      'DaemonSet/falc: strict decoding error: unknown field "DaemonSet.spec.template.spec.containers[0].prots"',
    ])
  })

  test.each([
    ['responder without NATS', { responder: { enabled: true } }, 'responder.enabled needs nats.enabled'],
    ['responder without playbooks', { nats: { enabled: true }, responder: { enabled: true } }, 'responder.playbooks'],
    [
      'a queue without NATS',
      { audit: { enabled: true, queue: true } },
      'audit.queue needs audit.enabled and nats.enabled',
    ],
    [
      'a collector without NATS',
      { collectors: { kubernetes: { enabled: true } }, collector: { enabled: true } },
      'collector.enabled needs collectors.kubernetes.enabled and nats.enabled',
    ],
    ['updates without artifacts', { updates: { enabled: true } }, 'updates.enabled needs falco.updates.artifacts'],
    ['an object that does not exist', { objects: { 'Deployment/x': {} } }, 'objects: there is no Deployment/x'],
  ])('refused: %s', (_, values, message) => {
    expect(() => renderer.helm(values)).toThrow(message)
  })

  test('every value changes an object', () => {
    const paths = leaves(defaults())
    const everything: any = { responder: { playbooks: '[]' }, falco: { updates: { artifacts: ['r.example/base:1'] } } }
    for (const path of paths.filter(path => /\.(enabled|create)$/.test(path))) put(everything, path, true)
    const changes = (base: any) => {
      const values = paths.map(path => {
        const changed = structuredClone(base)
        put(changed, path, EXAMPLES[path] ?? exampleOf(at(defaults(), path), at(base, path)))
        return changed
      })
      const [before, ...after] = renderer.texts([base, ...values])
      expect(before!.error).toBeUndefined()
      return new Set(paths.filter((_, i) => JSON.stringify(after[i]) !== JSON.stringify(before)))
    }
    // The values for audit events apply to what evaluates them: the webhook, or the workers.
    const found = new Set([...changes(everything), ...changes(merged(everything, { audit: { queue: true } }))])
    expect(paths.filter(path => !found.has(path))).toEqual([])
  })

  test('with a queue, the configuration for audit events is that of the workers', () => {
    const falco = { priority: 'notice', webserver: { listen_port: 9000 } }
    const audit = { enabled: true, queue: true, falco }
    const objects = renderer.helm({ nats: { enabled: true }, audit })
    const { data } = objects.find(object => placeOf(object) === 'ConfigMap falc falc-audit')
    expect(parse(data['workers.yaml'])).toMatchObject({ priority: 'notice', load_plugins: ['k8saudit'] })
    expect(parse(data['falco.yaml'])).not.toHaveProperty('priority')
    const ports = ['falc-audit', 'falc-workers'].map(name => mainOf(objects, `Deployment falc ${name}`).ports.at(-1))
    expect(ports.map(({ containerPort }) => containerPort)).toEqual([8765, 9000])
  })

  test('the container of updates, which reads the same configuration, has the variables of the engine', () => {
    const env = [{ name: 'SLACK_URL', value: 'https://hooks.slack.example/services/XXXX' }]
    const objects = renderer.helm(merged(valuesOf('updates'), { nats: { enabled: true }, extra: { env } }))
    const { containers } = objects.find(object => placeOf(object) === 'DaemonSet falc falc').spec.template.spec
    const [engine, updates] = ['engine', 'updates'].map(name =>
      containers.find((container: KubeObject) => container.name === name),
    )
    expect(updates.envFrom).toEqual(engine.envFrom)
    expect(engine.env).toEqual(expect.arrayContaining(env))
    expect(updates.env).toEqual(env)
  })

  test.each([
    ['HTTPS', { ssl_enabled: true }, {}, ['startupProbe HTTPS', 'livenessProbe HTTPS', 'readinessProbe HTTPS']],
    ['no web server', { enabled: false }, {}, []],
    ['no web server, and a probe', { enabled: false }, { livenessProbe: { exec: {} } }, ['livenessProbe undefined']],
  ])('probes with %s', (_, webserver, healthChecks, expected) => {
    const engine = mainOf(renderer.helm({ falco: { webserver }, healthChecks }), 'DaemonSet falc falc')
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].filter(name => name in engine)
    expect(probes.map(name => `${name} ${engine[name].httpGet?.scheme}`)).toEqual(expected)
  })

  test('values.schema.json accepts every scenario and rejects mistakes', () => {
    const valid = new Ajv({ strict: false }).compile(parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')))
    for (const name of SCENARIOS) expect([name, valid(valuesOf(name)), valid.errors]).toEqual([name, true, null])
    expect(valid({ tolerations: {} })).toBe(false)
    expect(valid({ relay: { enable: true } })).toBe(false)
  })

  test('the webhook is what `falc admission manifest` prints, the role what metadataRole returns', () => {
    const every = renderer.helm({ admission: { enabled: true }, collectors: { kubernetes: { enabled: true } } })
    const find = (place: string) => every.find(object => placeOf(object) === place)
    const config = loadConfig(undefined, [])
    const options = { name: undefined, namespace: undefined, ca: undefined, url: undefined, exempt: [] }
    expect(find('ValidatingWebhookConfiguration falc-admission')).toEqual(parse(manifest(config.admission, options)))
    expect(find('ClusterRole falc-metadata')).toEqual(metadataRole())
  })

  test("docs/kubernetes.md: its tables of Falco's values and of parts match the chart", () => {
    const page = readFileSync(join(CHART, '../../docs/kubernetes.md'), 'utf8')
    const paths = new Set(
      leaves(defaults()).flatMap(path => path.split('.').map((_, i, keys) => keys.slice(0, i + 1).join('.'))),
    )
    const rows = [...page.matchAll(/^\| (`.*?) +\| (same|renamed|none) +\| (.*?) *\|$/gm)]
    const named = (text: string) => [...text.matchAll(/`([\w.]+)/g)].map(([, path]) => path!)
    const wrong = rows.flatMap(([, from, what, to]) => {
      if (what === 'none') return to === '' ? [`${from}: no reason`] : named(from!).filter(path => paths.has(path))
      const target = what === 'same' ? named(from!) : named(to!).slice(0, 1)
      return target.filter(path => !paths.has(path.replace(/^falco\..*/, 'falco')))
    })
    expect(wrong).toEqual([])
    expect(rows.length).toBeGreaterThan(45)
    const parts = [...page.matchAll(/^\| `(\w+)` +\| `([\w.]+)`/gm)].filter(([, , value]) => value!.includes('.'))
    expect(parts.map(([, part]) => part).sort()).toEqual(
      readdirSync(join(CHART, 'parts')).filter(part => part !== 'namespace'),
    )
    for (const [, , value] of parts) expect(paths).toContain(value)
  })

  test('chart, image and command have the same version', () => {
    const { version } = JSON.parse(readFileSync(join(CHART, '../../packages/cli/package.json'), 'utf8'))
    const chart = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))
    expect([chart.version, chart.appVersion]).toEqual([version, version])
    const images = overlays
      .get('default')!
      .flatMap(object => (object.spec?.template?.spec.containers ?? []).map(({ image }: KubeObject) => image))
    expect(images).toEqual(Array(2).fill(`ghcr.io/falc-engine/falc:${version}`))
  })

  test('the command accepts every configuration and every argument', () => {
    const folder = mkdtempSync(join(tmpdir(), 'falc-chart-'))
    try {
      const wrong = [...overlays].flatMap(([name, objects]) => understood(join(folder, name), objects))
      expect(wrong).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  describe('docs/kubernetes.md', () => testCommands(() => renderer))

  test('every pod meets the restricted profile, except for what the probe needs', () => {
    const pods = [...overlays.values()].flat().flatMap(object => {
      const pod = object.spec?.template?.spec
      return pod ? pod.containers.map((container: KubeObject) => [placeOf(object), container, pod] as const) : []
    })
    const wrong = pods.filter(([, { name, securityContext: own }, pod]) => {
      const probe = name === 'probe'
      const added = probe ? ['BPF', 'PERFMON', 'SYS_PTRACE', 'DAC_READ_SEARCH'] : []
      const { add = [], drop } = own.capabilities
      return !(
        own.readOnlyRootFilesystem &&
        own.allowPrivilegeEscalation === false &&
        (own.runAsNonRoot || probe) &&
        String(drop) === 'ALL' &&
        String(add) === String(added) &&
        pod.securityContext.seccompProfile.type === 'RuntimeDefault' &&
        !pod.hostNetwork &&
        !pod.hostPID
      )
    })
    expect(wrong.map(([place, { name }]) => `${place}: ${name}`)).toEqual([])
    expect(pods.length).toBeGreaterThan(20)
  })
})

/** The first container of a workload. */
const mainOf = (objects: readonly KubeObject[], place: string): KubeObject =>
  objects.find(object => placeOf(object) === place).spec.template.spec.containers[0]

const defaults = () => parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'))

/** Paths of all values but maps that have keys. */
function leaves(value: any, path = ''): string[] {
  const keys = value && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : []
  return keys.length === 0 ? [path] : keys.flatMap(key => leaves(value[key], path === '' ? key : `${path}.${key}`))
}

const at = (value: any, path: string): any => path.split('.').reduce((map, key) => map?.[key], value)

function put(values: any, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop()!
  keys.reduce((map, key) => (map[key] ??= {}), values)[last] = value
}

const merged = (values: any, more: any): any =>
  more && typeof more === 'object' && values && typeof values === 'object'
    ? Object.fromEntries(
        [...new Set([...Object.keys(values), ...Object.keys(more)])].map(key => [
          key,
          key in more ? (key in values ? merged(values[key], more[key]) : more[key]) : values[key],
        ]),
      )
    : more

/** Values for paths that do not take just any value. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  objects: { 'DaemonSet/falc': { metadata: { annotations: { a: 'b' } } } },
  customRules: { 'x.yaml': '[]' },
  'audit.customRules': { 'x.yaml': '[]' },
  'admission.customRules': { 'x.yaml': '[]' },
  'responder.roles': '---\napiVersion: v1\nkind: Role\nmetadata: { name: r, namespace: shop }\n',
  'audit.service.type': 'NodePort',
  'relay.service.type': 'NodePort',
  'console.service.type': 'NodePort',
}

/** Another value of the same type. */
function exampleOf(value: unknown, now: unknown): unknown {
  if (typeof value === 'boolean') return now !== true
  if (typeof value === 'number') return value + 5
  if (typeof value === 'string') return `${value}x`
  return Array.isArray(value) ? [{ name: 'x' }] : { x: { y: 1 } }
}
