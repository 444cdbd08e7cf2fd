/** The same conditions as CEL expressions and as json-rules-engine rules, on the same flat objects. */
import { type Condition, defineSource, Engine, type FieldDef, parseCondition } from '@falc/engine'
import { Environment } from '@marcbachmann/cel-js'
import jsonRules from 'json-rules-engine'
import { compare, report, times } from './measure.ts'
import { toCel, toJsonRules } from './translate.ts'

type Fact = Record<string, string>

const FIELDS: Record<string, (fact: Fact) => string | undefined> = {
  verb: f => f.a_verb,
  user: f => f.a_user,
  resource: f => f.a_resource,
  namespace: f => f.a_namespace,
  name: f => f.a_name,
  image: f => f.a_image,
  uri: f => f.a_uri,
  agent: f => f.a_agent,
}

/** Twenty conditions as a rules file for an API server has them. */
const CONDITIONS = [
  'a.verb = create and a.resource = pods and a.namespace in (kube-system, kube-public)',
  'a.verb in (create, update, patch) and a.resource = configmaps and not a.user startswith system:',
  'a.verb = delete and a.resource in (namespaces, deployments, services) and a.user != admin',
  'a.resource = secrets and a.verb in (get, list, watch) and not a.user in (operator, vault, certs)',
  'a.user = system:anonymous and not a.uri in (/healthz, /readyz, /livez)',
  'a.uri endswith /exec and a.verb = create',
  'a.uri endswith /attach and a.verb = create',
  'a.uri contains /portforward and not a.namespace = dev',
  'a.image startswith docker.io/ and a.verb = create and not a.image contains /library/',
  'a.image endswith :latest and a.namespace = prod',
  'a.resource in (clusterroles, clusterrolebindings) and a.verb in (create, update, patch, delete)',
  'a.agent startswith curl/ and a.verb != get',
  'a.agent contains kubectl and a.user startswith system:serviceaccount: and a.namespace = kube-system',
  'a.name in (coredns, kube-proxy, aws-node) and a.verb in (delete, patch)',
  'a.resource = serviceaccounts and a.verb = create and a.namespace in (kube-system, kube-public, default)',
  '(a.resource = nodes or a.resource = persistentvolumes) and a.verb = delete',
  'a.resource = events and a.verb = delete and not a.user = system:kube-controller-manager',
  'a.user contains admin and a.agent startswith python-requests',
  'a.verb = create and a.resource = jobs and a.image contains xmrig',
  'not (a.verb in (get, list, watch)) and a.namespace = kube-system and not a.user startswith system:',
]

/** Mixed facts, most of them of no interest, as an API server's are. */
function facts(count: number): Fact[] {
  const pick = (list: readonly string[], i: number) => list[i % list.length]!
  return Array.from({ length: count }, (_, i) => ({
    verb: pick(
      [
        'get',
        'list',
        'watch',
        'get',
        'get',
        'watch',
        'create',
        'get',
        'list',
        'get',
        'update',
        'get',
        'patch',
        'watch',
        'delete',
      ],
      i * 7 + (i >> 3),
    ),
    user: pick(
      [
        'system:node:a',
        'system:kube-scheduler',
        'ann',
        'system:node:b',
        'operator',
        'system:serviceaccount:x:y',
        'system:node:c',
        'system:kube-proxy',
      ],
      i * 5 + (i >> 4),
    ),
    resource: pick(
      [
        'pods',
        'nodes',
        'leases',
        'endpoints',
        'pods',
        'leases',
        'events',
        'deployments',
        'pods',
        'leases',
        'secrets',
        'configmaps',
      ],
      i * 3 + (i >> 5),
    ),
    namespace: pick(['default', 'prod', 'dev', 'kube-system', 'monitoring'], i + (i >> 2)),
    name: pick(['web-1', 'db-0', 'coredns', 'cache', 'kube-proxy'], i * 11),
    image: pick(
      [
        'registry.local/web:1',
        'docker.io/library/nginx:1.27',
        'quay.io/x/y:2',
        'registry.local/db:4',
        'quay.io/x/z:latest',
      ],
      i * 13,
    ),
    uri: pick(['/api/v1/pods', '/apis/apps/v1/deployments', '/healthz', '/api/v1/namespaces/a/pods/b/log'], i * 17),
    agent: pick(['kubelet/v1.31', 'kube-scheduler/v1.31', 'kubectl/v1.31', 'Go-http-client/2.0'], i * 19),
  }))
}

const variable = (name: string) => `a_${name}`

function falc(conditions: readonly Condition[], texts: readonly string[], backend: 'jit' | 'vm') {
  const fields: Record<string, FieldDef<Fact>> = {}
  for (const [name, extract] of Object.entries(FIELDS)) fields[`a.${name}`] = { type: 'string', doc: name, extract }
  const source = defineSource<Fact>({ name: 'flat', fields, time: () => 0n })
  const engine = new Engine({ sources: [source], ruleMatching: 'all', backend })
  const rules = conditions.map(
    (_, i) =>
      `- rule: r${i}\n  desc: d\n  condition: ${JSON.stringify(texts[i])}\n  output: o\n  priority: INFO\n  source: flat`,
  )
  const loaded = engine.load([{ name: 'bench', content: rules.join('\n') }])
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  return (event: Fact) => engine.evaluate(source, event).length
}

export async function benchExpressions(): Promise<void> {
  const conditions = CONDITIONS.map(parseCondition)
  const events: Fact[] = facts(200_000).map(f =>
    Object.fromEntries(Object.entries(f).map(([k, v]) => [variable(k), v])),
  )

  const environment = new Environment()
  for (const name of Object.keys(FIELDS)) environment.registerVariable(variable(name), 'string')
  const cel = conditions.map(c => environment.parse(toCel(c)))
  const rules = new jsonRules.Engine([], { allowUndefinedFacts: true })
  rules.addOperator('startsWith', (a: string, b: string) => a.startsWith(b))
  rules.addOperator('endsWith', (a: string, b: string) => a.endsWith(b))
  rules.addOperator('has', (a: string, b: string) => a.includes(b))
  for (const [i, c] of conditions.entries()) {
    const translated = toJsonRules(c)
    const top = 'fact' in translated ? { all: [translated] } : translated
    rules.addRule({ conditions: top as never, event: { type: `r${i}` } })
  }
  const jit = falc(conditions, CONDITIONS, 'jit')
  const vm = falc(conditions, CONDITIONS, 'vm')

  const count = (one: (event: Fact) => number, list = events) => list.reduce((n, event) => n + one(event), 0)
  const celMatches = (event: Fact) => cel.reduce((n, expression) => (expression(event) ? n + 1 : n), 0)
  // json-rules-engine takes a thousandth of the events: it is measured by the event, too.
  const few = events.slice(0, events.length / 1000)
  const few_ = async () => {
    let n = 0
    for (const event of few) n += (await rules.run(event)).events.length
    return n
  }
  const agreed = [count(jit, few), count(vm, few), count(celMatches, few), await few_()]
  if (new Set(agreed).size !== 1) throw new Error(`the peers disagree: ${agreed}`)

  const measured = await compare(
    [
      { name: 'falc jit', run: () => count(jit) },
      { name: 'falc vm', run: () => count(vm) },
      { name: 'cel-js', run: () => count(celMatches) },
      { name: 'json-rules-engine', run: few_ },
    ],
    5,
    2,
  )
  const [j, v, c, r] = measured.map(m => m.ms) as [number, number, number, number]
  const share = ((100 * count(jit)) / events.length).toFixed(0)
  console.log(
    `Expressions: ${CONDITIONS.length} conditions on ${events.length} events, ${share} alerts per 100 events included`,
  )
  report('cel-js takes, beside falc', times(c / j), 'at least 5×')
  report('json-rules-engine takes, beside falc', times((r * 1000) / j))
  report('the VM takes, beside the JIT', times(v / j))
}
