/**
 * The cost of an event with 1 to 10,000 rules of one operator, or of a mix of all, on a custom source whose events mostly match no rule.
 * The goal: 10,000 rules cost at most three times as much as 10.
 */
import { defineSource, Engine } from '@falc/engine'
import { compare, report, times } from './measure.ts'

interface Request {
  readonly path: string
  readonly size: number
  readonly address: string
  readonly tags: readonly string[]
  readonly body: Uint8Array
}

const source = defineSource<Request>({
  name: 'requests',
  time: () => 0n,
  fields: {
    'req.path': { type: 'string', doc: 'What is asked for', extract: request => request.path },
    'req.size': { type: 'int64', doc: 'Bytes', extract: request => request.size },
    'req.address': { type: 'ipaddr', doc: 'Who asks', extract: request => request.address },
    'req.tags': { type: 'string', list: true, doc: 'Labels', extract: request => request.tags },
    'req.body': { type: 'bytes', doc: 'What is sent', extract: request => request.body },
  },
})

const FAMILIES: Readonly<Record<string, (n: number) => string>> = {
  '=': n => `req.path = /srv/app${n}/index`,
  in: n => `req.path in (/srv/app${n}/index, /srv/app${n}/main)`,
  startswith: n => `req.path startswith /srv/app${n}/`,
  endswith: n => `req.path endswith /item${n}.json`,
  contains: n => `req.path contains "/id-${n}/"`,
  icontains: n => `req.path icontains "/Id-${n}/"`,
  glob: n => `req.path glob "/srv/*/user${n}/*"`,
  iglob: n => `req.path iglob "/Srv/*/user${n}/*"`,
  pmatch: n => `req.path pmatch (/var/lib/tenant${n})`,
  regex: n => `req.path regex "/srv/.*/key${n}/[0-9]+"`,
  'contains anyof': n => `req.path contains anyof ("/id-${n}/", "/key-${n}/")`,
  tolower: n => `tolower(req.path) startswith /srv/app${n}/`,
  'basename in': n => `basename(req.path) in (item${n}.json, item${n}.yaml)`,
  'list in': n => `req.tags in (team-${n}, tier-${n})`,
  intersects: n => `req.tags intersects (team-${n}, tier-${n})`,
  bcontains: n => `req.body bcontains ${(n + 0x1000000).toString(16).padStart(8, '0')}`,
  bstartswith: n => `req.body bstartswith ${(n + 0x1000000).toString(16).padStart(8, '0')}`,
  'number =': n => `req.size = ${n + 1000000}`,
  'number in': n => `req.size in (${n + 1000000}, ${n + 2000000})`,
  'number >': n => `req.size > ${n + 1000000}`,
  'number <': n => `req.size < -${n}`,
  CIDR: n => `req.address in (10.${n >> 8}.${n & 255}.0/24)`,
}
const names = Object.keys(FAMILIES)
/** In an order in which the first ten read every field, too. */
const MIX = (n: number) => FAMILIES[names[(n * 7) % names.length]!]!(n)

const MIXED = 'a mix of all operators'
const GOAL = 'at most 3×'

const COUNTS = [1, 10, 100, 1000, 10000]
const EVENTS = 20_000

/** Values differ from event to event, and some are nearly those of a rule. */
const requests: Request[] = Array.from({ length: EVENTS }, (_, i) => ({
  path: `/srv/shop${i % 97}/cart/${(i * 7919) % 100003}/view`,
  size: (i * 7919) % 1000000,
  address: `192.168.${i % 200}.${(i * 31) % 250}`,
  tags: [`team-${i % 9}x`, 'tier-web'],
  body: new TextEncoder().encode(`POST /cart/${(i * 7919) % 100003} HTTP/1.1`),
}))

function engineOf(family: (n: number) => string, count: number): Engine {
  const engine = new Engine({ sources: [source] })
  const items = Array.from({ length: count }, (_, n) => ({
    ...{ rule: `R${n}`, desc: 'd', condition: family(n), output: 'o', priority: 'INFO', source: 'requests' },
  }))
  const loaded = engine.load([{ name: 'bench', content: JSON.stringify(items) }])
  if (!loaded.ok) throw new Error(loaded.errors[0]!.message)
  return engine
}

export async function benchRules(): Promise<void> {
  console.log(
    `Rules of one operator on a source of one's own: ns per event with ${COUNTS.join(', ')} rules; 10,000 beside 10`,
  )
  const asked = process.env.FALC_BENCH_FAMILIES?.split(',')
  const ratios: number[] = []
  for (const [name, family] of [...Object.entries(FAMILIES), [MIXED, MIX] as const]) {
    if (asked && !asked.includes(name)) continue
    const contenders = COUNTS.map(count => {
      const engine = engineOf(family, count)
      return {
        name: `${count}`,
        run() {
          let alerts = 0
          for (const request of requests) alerts += engine.evaluate(source, request).length
          return alerts
        },
      }
    })
    const measured = await compare(contenders, 5, 2)
    const ns = measured.map(({ min }) => (min * 1e6) / EVENTS)
    const ratio = ns[4]! / ns[1]!
    report(name, `${times(ratio)}: ${ns.map(each => each.toFixed(0)).join(', ')} ns`, name === MIXED ? GOAL : '')
    if (name !== MIXED) ratios.push(ratio)
  }
  if (asked === undefined) report('one operator, the worst of them', times(Math.max(...ratios)), GOAL)
}
