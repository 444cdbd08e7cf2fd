/** The console's page: the time of each screen's first paint, its completion, and its longest task. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './files.ts'
import { report } from './measure.ts'

const CHROMIUM = '/usr/bin/chromium'

/** A screen, and what is there when all of it is. */
const SCREENS: readonly (readonly [name: string, hash: string, ready: string])[] = [
  ['now, 30 days', '#/now?range=0', '.top .value'],
  ['alerts', '#/alerts?range=0', '.row .rule'],
  ['alerts by a condition', '#/alerts?range=0&filter=proc.name%20%3D%20tool0', '.row .rule'],
  ['alerts by a word', '#/alerts?range=0&q=parent3', '.row .rule'],
  ['groups of a rule and a host', '#/alerts?range=0&group=rule,host', '.group-line .part'],
  ['groups of a field', '#/alerts?range=0&group=proc.name', '.group-line .part'],
]

/** Kept by the page itself: from before its first script. */
const WATCH = `
  globalThis.longest = 0
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
  }).observe({ type: 'longtask', buffered: true })`

/** Opens each screen of the console on the store of a path, and scrolls through it. Without Chromium it says so. */
export async function benchPage(path: string): Promise<void> {
  if (!existsSync(CHROMIUM)) return console.log(`  the page: not measured without ${CHROMIUM}`)
  const { chromium } = createRequire(join(root, 'packages/console/package.json'))('playwright-core')
  const served = spawn(join(root, 'falc'), ['console', '--db', path, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const url = await urlOf(served)
    const [paints, tasks]: [number[], number[]] = [[], []]
    for (const [name, hash, ready] of SCREENS) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      page.setDefaultTimeout(300_000)
      await page.addInitScript(WATCH)
      const start = performance.now()
      await page.goto(url + hash)
      await page.locator(ready).first().waitFor()
      const whole = performance.now() - start
      for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 2000)
      const paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
      const longest = Number(await page.evaluate('longest'))
      console.log(
        `  page: ${name}: all of it ${whole.toFixed(0)} ms, first paint ${paint} ms, longest task ${longest || 'under 50'} ms`,
      )
      paints.push(Number(paint))
      tasks.push(longest)
      await page.close()
    }
    const slowest = Math.max(...tasks)
    report('page: first paint of the slowest screen', `${Math.max(...paints).toFixed(0)} ms`, 'under 1 s')
    report(
      'page: longest task of all screens',
      slowest === 0 ? 'under 50 ms' : `${slowest.toFixed(0)} ms`,
      'at most 100 ms',
    )
  } finally {
    await browser.close()
    served.kill('SIGTERM')
    if (served.exitCode === null) await once(served, 'exit')
  }
}

async function urlOf({ stderr }: ChildProcess): Promise<string> {
  for await (const line of createInterface(stderr!)) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? []
    if (url) return url
  }
  throw new Error('the console has ended')
}
