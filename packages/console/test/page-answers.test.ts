/** What the page makes of answers: those to decisions, and those of others, such as a proxy that wants a login. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { syscall } from '@falc/sources-syscall'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { launch, noBrowser, openPage } from './browser.ts'
import { alert, ask, begin, post } from './start.ts'

const work = mkdtempSync(join(tmpdir(), 'falc-page-errors-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  let browser: Browser
  let shared: Awaited<ReturnType<typeof begin>>
  beforeAll(async () => {
    await buildConsoleApp(join(work, 'app'))
    const rules = join(work, 'rules.yaml')
    const rule = { rule: 'Shell', desc: 'd', condition: 'evt.type = execve', output: 'x', priority: 'NOTICE' }
    writeFileSync(rules, JSON.stringify([rule]))
    shared = await begin({ app: join(work, 'app'), sources: [syscall()], rules: [rules] })
    const now = BigInt(Date.now()) * 1_000_000n
    await shared.console.writer.insert(Array.from({ length: 150 }, (_, n) => alert(n, { time: now - BigInt(150 - n) })))
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await shared?.end()
  })

  const open = (hash: string) => openPage(browser, shared.console.url + hash, 'Falc console')

  test('a list shows what was decided, and keeps what an assignee or a note does not change', async () => {
    const { page, done } = await open('#/alerts')
    const row = page.locator('.row-line', { hasText: 'message 149' })
    const select = row.getByRole('checkbox')
    await select.check()
    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await row.getByText('acknowledged').waitFor()
    await select.check()
    await page.getByRole('button', { name: 'Note…' }).click()
    await page.getByLabel('Note').fill('looked at it')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Note…' }).waitFor({ state: 'detached' })
    await row.getByText('acknowledged').waitFor()
    await done()
  })

  test('a list that was paused continues with what arrived meanwhile', async () => {
    const { page, done } = await open('#/alerts?filter=alert.rule%20%3D%20Paused')
    await page.getByText('No alerts.').waitFor()
    const insert = (n: number) => shared.console.writer.insert([alert(n, { rule: 'Paused' })])
    await insert(201)
    await page.locator('.row', { hasText: 'message 201' }).waitFor()
    await page.getByRole('button', { name: 'Live' }).click()
    await page.getByRole('button', { name: 'Paused' }).waitFor()
    await insert(202)
    await page.getByRole('button', { name: 'Paused' }).click()
    await insert(203)
    await page.locator('.row', { hasText: 'message 203' }).waitFor()
    expect(await page.locator('.row').allTextContents()).toEqual([
      expect.stringContaining('message 203'),
      expect.stringContaining('message 202'),
      expect.stringContaining('message 201'),
    ])
    await done()
  })

  test('a silence that cannot be ended says why', async () => {
    const silence = { condition: 'alert.rule = Read', until: '2099-01-01', reason: 'x' }
    const json = { 'content-type': 'application/json' }
    expect((await ask(shared.console, 'api/v1/silences', post(JSON.stringify(silence), json))).status).toBe(200)
    const { page, done } = await open('#/silences')
    await page.route(/silences\/1/, route => route.fulfill({ body: '<p>a page of some proxy' }))
    await page.getByRole('button', { name: 'End now' }).click()
    await page.getByRole('region', { name: 'Silences', exact: true }).getByText('is not valid JSON').waitFor()
    await done()
  })

  test('older alerts that cannot be read are an error, and are asked for again', async () => {
    const { page, done } = await open('#/now')
    // The first page is a short one, so that there is a second.
    let isBroken = true
    await page.route(/api\/v1\/alerts\?/, async route => {
      const url = route.request().url()
      if (!url.includes('cursor=')) await route.continue({ url: url.replace('limit=200', 'limit=50') })
      else if (isBroken) await route.fulfill({ body: '<p>a page of some proxy' })
      else await route.continue()
    })
    await page.evaluate("location.hash = '#/alerts'")
    const rows = page.locator('.rows')
    const end = () => rows.evaluate(list => list.scrollTo(0, list.scrollHeight))
    await page.locator('.row').first().waitFor()
    await end()
    const error = page.getByText(/^Older alerts: .*is not valid JSON. Scroll to ask again.$/)
    await error.waitFor()
    isBroken = false
    await rows.evaluate(list => list.scrollTo(0, 0))
    await page.locator('.row', { hasText: 'message 149' }).waitFor()
    await end()
    await error.waitFor({ state: 'detached' })
    await end()
    await page.locator('.row', { hasText: 'message 0' }).waitFor()
    await done()
  })

  test('a list from which the console left some out says so', async () => {
    const { page, done } = await open('#/now')
    const body = 'event: gap\ndata: {"skipped":1800}\n\n'
    await page.route(/api\/v1\/stream/, route => route.fulfill({ contentType: 'text/event-stream', body }))
    await page.evaluate("location.hash = '#/alerts'")
    await page.getByText('Many alerts arrived at once').waitFor()
    await done()
  })

  test('each part of the page says what it could not load', async () => {
    const { page, done } = await open('#/silences')
    await page.route(/api\/v1\/(top|outputs|dead-letters|facets|alerts\/\w+\/why)/, route =>
      route.fulfill({ body: '<p>a page of some proxy' }),
    )
    const shows = async (screen: string, parts: readonly string[]) => {
      await page.evaluate(`location.hash = '${screen}'`)
      for (const name of parts)
        await page.getByRole('region', { name, exact: true }).filter({ hasText: 'is not valid JSON' }).waitFor()
    }
    await shows('#/now', ['Rules', 'Hosts', 'Outputs'])
    await shows('#/health', ['Outputs', 'Dead letters'])
    await shows('#/alerts', ['Facets'])
    await page.evaluate(`location.hash = '#/alerts?open=${alert(7).id}'`)
    await page.getByRole('complementary', { name: 'Alert' }).locator('h3:has-text("Why it fired") + .error').waitFor()
    await done()
  })
})
