/**
 * Pictures of the console's screens for docs/console.md, made on alerts that the project's rules raise on its recordings:
 * node --conditions=@falc/source scripts/screenshots.ts [FOLDER]. It needs Chromium.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from '../packages/console/node_modules/playwright-core/index.js'
import { Console } from '../packages/console/src/index.ts'
import { type AlertData, Engine } from '../packages/engine/src/index.ts'
import { k8sAudit, parseAuditEvents } from '../packages/sources-k8saudit/src/index.ts'
import { openCapture, syscall } from '../packages/sources-syscall/src/index.ts'
import { buildConsoleApp, buildPlayground } from './console-app.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDER = process.argv[2] ?? join(ROOT, 'docs/screens')
const RULES = ['syscall.yaml', 'k8s_audit.yaml'].map(name => join(ROOT, 'rules', name))
const { chromium } = createRequire(join(ROOT, 'packages/console/package.json'))('playwright-core')

const sources = [syscall(), k8sAudit()] as const

/** What the rules say to the recordings. */
async function recorded(): Promise<AlertData[]> {
  const engine = new Engine({ sources, appendOutput: [{ condition_fields: true }] })
  const { ok } = engine.load(RULES.map(name => ({ name, content: readFileSync(name, 'utf8') })))
  if (!ok) throw new Error('the rules do not load')
  const found: AlertData[] = []
  const captures = join(ROOT, 'examples/captures')
  for (const name of ['host-a.scap', 'container-a.scap']) {
    const replay = await openCapture(join(captures, name))
    do {
      while (replay.next()) found.push(...engine.evaluate(sources[0], replay.event).map(alert => alert.toObject()))
    } while (await replay.fill())
  }
  for (const line of readFileSync(join(captures, 'k8s-audit.jsonl'), 'utf8').trim().split('\n'))
    for (const event of parseAuditEvents(line))
      found.push(...engine.evaluate(sources[1], event).map(alert => alert.toObject()))
  return found
}

const HOSTS = ['node-1', 'node-2', 'node-3', 'build-1']

/** Numbers that look like chance and are the same each time. */
function* numbers(): Generator<number, never> {
  for (let n = 7; ; n = (n * 48_271) % 2_147_483_647) yield n / 2_147_483_647
}

/** A day of them, on several hosts: some rules often, most seldom. */
function aDay(alerts: readonly AlertData[], count: number): AlertData[] {
  const chance = numbers()
  const now = BigInt(Date.now()) * 1_000_000n
  return Array.from({ length: count }, (_, n) => {
    const pick = Math.floor(chance.next().value ** 2.5 * alerts.length)
    const hour = chance.next().value
    const burst = chance.next().value < 0.25 ? 0.3 + hour / 40 : hour
    return {
      ...alerts[pick]!,
      id: (0x5eed_0000 + n).toString(16).padStart(32, '0'),
      time: now - BigInt(Math.floor(burst * 86_000_000)) * 1_000_000n,
      hostname: HOSTS[Math.floor(chance.next().value * HOSTS.length)]!,
    }
  }).sort((a, b) => (a.time < b.time ? -1 : 1))
}

interface Shot {
  readonly name: string
  readonly hash: string
  readonly ready: string
  readonly height?: number
  readonly before?: (page: Page) => Promise<void>
}

const noise = 'Scheduled Job Written'

const shots = (open: string): readonly Shot[] => [
  { name: 'now', hash: '#/now', ready: '.chart svg g', height: 640 },
  { name: 'alerts', hash: `#/alerts?open=${open}`, ready: '.detail .why', height: 720 },
  { name: 'silences', hash: '#/silences', ready: '.silences li', height: 420 },
  {
    name: 'rules',
    hash: `#/rules?rule=${encodeURIComponent('Password Hashes Read')}`,
    ready: '.detail .why',
    height: 720,
  },
  { name: 'health', hash: '#/health', ready: 'td button', height: 640 },
  {
    ...{ name: 'tune', hash: `#/tune?rule=${encodeURIComponent(noise)}`, ready: '.proposals li', height: 720 },
    async before(page) {
      await page
        .locator('.proposals button', { hasText: /^proc.name = / })
        .first()
        .click()
      await page.locator('.verdict').waitFor()
      await page.locator('.verdict').scrollIntoViewIfNeeded()
    },
  },
]

async function take(browser: Browser, url: string, { name, hash, ready, height = 700, before }: Shot): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1100, height }, colorScheme: 'light' })
  page.on('console', message => console.error(`${name}: ${message.text()}`))
  page.on('pageerror', error => console.error(`${name}: ${error.message}`))
  await page.goto(url + hash)
  await page.locator(ready).first().waitFor()
  await before?.(page)
  await page.waitForLoadState('networkidle')
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  await page.close()
}

const work = mkdtempSync(join(tmpdir(), 'falc-screens-'))
mkdirSync(FOLDER, { recursive: true })
const app = join(work, 'app')
await buildConsoleApp(app)
await buildPlayground(join(work, 'playground'))
const localRules = join(work, 'local.yaml')
writeFileSync(localRules, '')
const server = new Console({
  ...{ path: join(work, 'alerts.db'), app, port: 0, sources, rules: [...RULES, localRules], localRules },
  delivery: {
    outputs: () => [
      { name: 'history', type: 'store', enabled: true, waiting: 0, delivered: 1500, failed: 0, dead: 0 },
      { name: 'siem', type: 'http', enabled: true, waiting: 12, delivered: 1488, failed: 3, dead: 0 },
    ],
  },
})
const browser: Browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  await server.listen()
  const alerts = await recorded()
  const day = aDay(alerts, 1500)
  await server.writer.insert(day)
  const body = { condition: `alert.rule = "${noise}" and alert.hostname = build-1`, reason: 'the build plans its jobs' }
  const until = new Date(Date.now() + 8 * 3_600_000).toISOString()
  const headers = { 'content-type': 'application/json' }
  await fetch(`${server.url}api/v1/silences`, { method: 'POST', headers, body: JSON.stringify({ ...body, until }) })
  const open = day.findLast(({ output_fields }) => output_fields['proc.name'] !== undefined)!.id
  const wanted = process.argv[3]
  for (const shot of shots(open))
    if (wanted === undefined || wanted === shot.name) await take(browser, server.url, shot)
  const playground = {
    ...{ name: 'playground', hash: '', ready: '.row', height: 700 },
    async before(page: Page) {
      await page.locator('.row', { hasText: 'Program Run From Memory' }).click()
      await page.locator('.why button.place').first().click()
    },
  }
  if (wanted === undefined || wanted === 'playground')
    await take(browser, pathToFileURL(join(work, 'playground/index.html')).href, playground)
} finally {
  await browser.close()
  await server.close()
  rmSync(work, { recursive: true, force: true })
}
