/**
 * The program that every host runs: it loads a rules file, evaluates three events and returns what a user would see. It is
 * imported by the tests beside it, bundled for the browser, and started in a process without code generation.
 */
import { alertText, defineSource, Engine } from '@falc/engine'

interface Order {
  readonly user: string
  readonly action: string
  readonly amount: number
  readonly ip: string
}

const shop = defineSource<Order>({
  name: 'shop',
  time: () => 1_700_000_000_000_000_000n,
  fields: {
    'order.user': { type: 'string', doc: 'who ordered', extract: e => e.user },
    'order.action': { type: 'string', doc: 'what was done', extract: e => e.action },
    'order.amount': { type: 'uint32', doc: 'in cents', extract: e => e.amount },
    'order.ip': { type: 'ipaddr', doc: 'where from', extract: e => e.ip },
  },
})

const RULES = `
- list: staff
  items: [ann, "joe b"]
- macro: refund
  condition: order.action = refund and not order.user in (staff)
- rule: Large refund
  desc: money goes back without the staff
  condition: refund and (order.amount > 10000 or order.user regex "adm[a-z]+")
  output: '%order.user got %order.amount from %order.ip'
  priority: WARNING
  source: shop
`

export function run(): { loaded: boolean; backend: string; alerts: string[]; error: string } {
  const engine = new Engine({ sources: [shop], timeFormatIso8601: true })
  const { ok } = engine.load([{ name: 'shop.yaml', content: RULES }])
  const events: Order[] = [
    { user: 'eve', action: 'refund', amount: 25_000, ip: '10.0.0.7' },
    { user: 'ann', action: 'refund', amount: 25_000, ip: '10.0.0.8' },
    { user: 'admin', action: 'refund', amount: 1, ip: '::1' },
  ]
  const alerts = events.flatMap(event => engine.evaluate('shop', event).map(alertText))
  const broken = new Engine({ sources: [shop] }).load([{ name: 'broken.yaml', content: '- rule: x\n  desc: x' }])
  return { loaded: ok, backend: generates() ? 'jit' : 'vm', alerts, error: broken.errors[0]?.message ?? '' }
}

function generates(): boolean {
  try {
    return new Function('return true')()
  } catch {
    return false
  }
}
