/** Pages for tests. A page fails its test if it logs a warning or error, opens a dialog, or requests another origin. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'

const CHROMIUM = '/usr/bin/chromium'
export const noBrowser = skipped('browser', existsSync(CHROMIUM) ? undefined : `a browser needs ${CHROMIUM} (chromium)`)

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })

export interface PageOptions {
  readonly width?: number
  readonly dark?: boolean
  readonly offline?: boolean
}

/** @returns the page, and a function that closes it, and fails if it complained or its title is wrong */
export async function openPage(
  browser: Browser,
  url: string,
  title: string,
  { width = 1280, dark = false, offline = false }: PageOptions = {},
): Promise<{ page: Page; done: () => Promise<void> }> {
  const context = await browser.newContext({
    ...{ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light', offline },
  })
  const page = await context.newPage()
  // The machine may be busy, so waits are long. A missing element still fails the test.
  page.setDefaultTimeout(120_000)
  const complaints: string[] = []
  page.on('console', message => message.type() !== 'log' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  page.on('dialog', dialog => void dialog.dismiss().then(() => complaints.push('a dialog')))
  const { origin, protocol } = new URL(url)
  page.on('request', request => {
    const own = protocol === 'file:' ? /^(file|blob|data):/.test(request.url()) : request.url().startsWith(origin)
    if (!own) complaints.push(request.url())
  })
  await page.goto(url)
  const done = async () => {
    expect([complaints, await page.title()]).toEqual([[], title])
    await context.close()
  }
  return { page, done }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Checks that the page has no accessibility violations, and is not wider than its window. */
export async function checkAccess(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  await page.evaluate(AXE)
  const found: string[] = await page.evaluate(
    "axe.run({ preload: false }).then(({ violations }) => violations.map(v => v.id + ': ' + v.nodes[0].html))",
  )
  expect(found).toEqual([])
}
