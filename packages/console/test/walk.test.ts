/** Walks through the screens with the Tab key alone, also in a narrow window, and shows sensors with hostile reports. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { syscall } from '@falc/sources-syscall'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { checkAccess, launch, noBrowser, openPage, type PageOptions } from './browser.ts'
import { alert, begin } from './start.ts'

/** Resolves when the page has drawn what the last key changed, such as the rows that a list scrolls to. */
const DRAWN = 'new Promise(done => requestAnimationFrame(() => setTimeout(done)))'

/** Where the focus is: `left` if nowhere, else what is wrong with it, or an empty string. */
const FOCUS = `(() => {
  const at = document.activeElement
  if (at === null || at === document.body) return 'left'
  const { outlineStyle, boxShadow } = getComputedStyle(at)
  return outlineStyle === 'none' && boxShadow === 'none' ? 'no focus to be seen: ' + at.outerHTML.slice(0, 200) : ''
})()`

const FOCUSED = "document.activeElement.getAttribute('aria-label')"

/** Without the rows outside a list's visible part: they are recreated as it scrolls, and no pointer can reach them. */
const UNREACHED = `[...document.querySelectorAll('a[href], button:not([disabled]), input:not([disabled]), select, textarea, summary')]
  .filter(one => one.checkVisibility() && one.tabIndex >= 0 && one.dataset.walked === undefined)
  .filter(one => {
    const list = one.closest('.rows')?.getBoundingClientRect()
    const { top, bottom } = one.getBoundingClientRect()
    return list === undefined || (bottom > list.top && top < list.bottom)
  })
  .map(one => one.outerHTML.slice(0, 200))`

/**
 * Presses Tab until the focus leaves the page, twice: elements that load late may take the focus, or replace the focused one.
 * @returns elements that a pointer can use and that never had the focus, or the first one with an invisible focus
 */
async function walk(page: Page): Promise<string[]> {
  await page.evaluate("document.addEventListener('focusin', ({ target }) => (target.dataset.walked = ''))")
  for (let round = 0; round < 2; round++)
    for (let steps = 0; steps < 400; steps++) {
      await page.keyboard.press('Tab')
      await page.evaluate(DRAWN)
      const seen: string = await page.evaluate(FOCUS)
      if (seen === 'left') break
      if (seen !== '') return [seen]
    }
  return page.evaluate(UNREACHED)
}

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-walk-'))
  let browser: Browser
  let shared: Awaited<ReturnType<typeof begin>>
  const time = BigInt(Date.now()) * 1_000_000n
  const digest = 'a'.repeat(64)
  const report = (n: number, hostname: string, hash: string, more = {}) =>
    alert(n, {
      ...{ time, hostname, rule: 'Falco internal: metrics snapshot', source: 'internal' },
      output_fields: { 'falco.sha256_rules_file.local': hash, 'falco.version': '0.1.0', ...more },
    })
  beforeAll(async () => {
    await buildConsoleApp(join(work, 'app'))
    shared = await begin({ app: join(work, 'app'), path: join(work, 'alerts.db'), sources: [syscall()] } as never)
    await shared.console.writer.insert([
      ...Array.from({ length: 30 }, (_, n) => alert(n, { time })),
      report(100, 'one', digest),
      report(101, 'two', digest),
      report(102, 'three\u202e', `\u202e${'b'.repeat(1000)}`, { 'scap.n_drops\u202e': 5, 'falco.version': '\u202ev' }),
    ])
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await shared?.end()
    rmSync(work, { recursive: true, force: true })
  })

  const open = (hash: string, options?: PageOptions) =>
    openPage(browser, shared.console.url + hash, 'Falc console', options)

  test.each([1280, 400])('a differing sensor is marked, hostile reports are escaped, %i pixels wide', async width => {
    const { page, done } = await open('#/health', { width })
    await page.getByText('differ from the others’').waitFor()
    expect(await page.getByText('differ from the others’').count()).toBe(1)
    expect(await page.evaluate('document.documentElement.outerHTML')).not.toMatch(/[\u001b\u202e]/)
    await checkAccess(page)
    await done()
  })

  test('Tab leaves an empty search, and completes a partial word', async () => {
    const { page, done } = await open('#/alerts?range=0')
    const condition = page.getByLabel('Condition')
    await condition.focus()
    const completions = page.getByRole('listbox', { name: 'Completions' })
    await completions.waitFor()
    await page.keyboard.press('Tab')
    await completions.waitFor({ state: 'detached' })
    expect([await condition.inputValue(), await page.evaluate(FOCUSED)]).toEqual(['', 'Words'])
    // Faster than the answers: what is offered for the empty text is still there.
    await condition.focus()
    await completions.waitFor()
    await page.keyboard.type('alert.rul')
    await page.keyboard.press('Tab')
    expect([await condition.inputValue(), await page.evaluate(FOCUSED)]).toEqual(['alert.rule ', 'Condition'])
    await done()
  })

  test.each([
    '#/now?range=0',
    '#/alerts?range=0',
    `#/alerts?range=0&open=${alert(1).id}`,
    '#/silences',
    '#/tune',
    '#/rules?range=0',
    '#/health',
  ])('everything can be reached with the Tab key: %s', async hash => {
    for (const width of [1280, 400]) {
      const { page, done } = await open(hash, { width })
      await page.locator('main').getByRole('button').first().waitFor()
      await page.waitForLoadState('networkidle')
      expect(await walk(page)).toEqual([])
      await done()
    }
  })
})
