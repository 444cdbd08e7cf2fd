/** What the page makes of answers: those to decisions, and those of others, such as a proxy that wants a login. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { until } from '../../../scripts/testing/wait.ts'
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
    shared = await begin({ app: join(work, 'app'), rules: [rules] })
    const now = BigInt(Date.now()) * 1_000_000n
    await shared.console.writer.insert(Array.from({ length: 150 }, (_, n) => alert(n, { time: now - BigInt(150 - n) })))
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await shared?.end()
  })

  const open = (hash: string) => openPage(browser, shared.console.url + hash, 'Falc console')
  const list = (page: Page) => page.getByRole('region', { name: 'Alerts', exact: true })

  test('a list shows what was decided, and keeps what an assignee or a note does not change', async () => {
    const { page, done } = await open('#/alerts')
    const row = page.locator('.row-line', { hasText: 'message 149' })
    const select = row.getByRole('checkbox')
    await select.check()
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click()
    await row.getByText('acknowledged').waitFor()
    await select.check()
    await page.getByRole('button', { name: 'Note…' }).click()
    await page.getByLabel('Note').fill('looked at it')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Note…' }).waitFor({ state: 'detached' })
    await row.getByText('acknowledged').waitFor()
    await done()
  })

  test('after a decision by a key about the open alert, the next decision is about the selected ones', async () => {
    const { page, done } = await open(`#/alerts?open=${alert(140).id}`)
    const row = (n: number) => page.locator('.row-line', { hasText: `message ${n}` })
    await row(140).waitFor()
    await page.keyboard.press('a')
    await row(140).getByText('acknowledged').waitFor()
    await row(138).getByRole('checkbox').check()
    await list(page).getByRole('button', { name: 'Acknowledge', exact: true }).click()
    await row(138).getByText('acknowledged').waitFor()
    await done()
  })

  test('a list and the open alert show what was decided in the other', async () => {
    const { page, done } = await open(`#/alerts?open=${alert(136).id}`)
    const row = page.locator('.row-line', { hasText: 'message 136' })
    const detail = page.getByRole('complementary', { name: 'Alert' })
    await detail.getByRole('button', { name: 'Acknowledge', exact: true }).click()
    await row.getByText('acknowledged').waitFor()
    await detail.locator('.tag', { hasText: 'acknowledged' }).waitFor()
    await row.getByRole('checkbox').check()
    await list(page).getByRole('button', { name: 'Reopen' }).click()
    await detail.locator('.tag', { hasText: 'open' }).waitFor()
    await done()
  })

  test('a decision that has reached only a part of the alerts says how many', async () => {
    const { page, done } = await open('#/alerts')
    await page.locator('.row-line', { hasText: 'message 145' }).getByRole('checkbox').check()
    await page.getByLabel('all that match').check()
    const answers = ['{"changed": 1000, "more": true}', '<p>a page of some proxy']
    await page.route(/api\/v1\/alerts$/, route => route.fulfill({ body: answers.shift()! }))
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click()
    const error = /^1,000 alerts were changed, others were not: .*is not valid JSON/
    await page.getByRole('alert').getByText(error).waitFor()
    await done()
  })

  test('a search that has found nothing in time continues with older alerts', async () => {
    const { page, done } = await open('#/now')
    await page.route(/api\/v1\/alerts\?/, route =>
      route.request().url().includes('cursor=')
        ? route.continue()
        : route.fulfill({ json: { alerts: [], next: 100, last: 150 } }),
    )
    await page.evaluate("location.hash = '#/alerts'")
    await page.locator('.row', { hasText: 'message 98' }).waitFor()
    await done()
  })

  test('a live list asks for what it shows, and asks again after an answer that is no stream', async () => {
    const { page, done } = await open('#/now')
    const asked: string[] = []
    await page.route(/api\/v1\/stream\?/, route => {
      asked.push(new URL(route.request().url()).search)
      return asked.length > 1 ? route.continue() : route.fulfill({ status: 204, contentType: 'text/event-stream' })
    })
    await page.evaluate("location.hash = '#/alerts?filter=alert.rule%20%3D%20Late&state=open&silenced=no'")
    await page.getByText('No alerts.').waitFor()
    await shared.console.writer.insert([alert(204, { rule: 'Late' })])
    await page.locator('.row', { hasText: 'message 204' }).waitFor()
    const search = expect.stringMatching(/^\?after=\d+&filter=alert\.rule\+%3D\+Late&state=open&silenced=no$/)
    expect(asked).toEqual([search, search])
    await done()
  })

  test('a list that was paused continues with what arrived meanwhile', async () => {
    const { page, done } = await open('#/alerts?filter=alert.rule%20%3D%20Paused')
    await page.getByText('No alerts.').waitFor()
    const insert = (n: number) => shared.console.writer.insert([alert(n, { rule: 'Paused' })])
    await insert(201)
    await page.locator('.row', { hasText: 'message 201' }).waitFor()
    await page.getByRole('button', { name: 'Live' }).click()
    await page.getByRole('button', { name: 'Paused', exact: true }).waitFor()
    await insert(202)
    await page.getByRole('button', { name: 'Paused', exact: true }).click()
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

  test('a silence that is being created is not created twice', async () => {
    const { page, done } = await open('#/silences?filter=alert.rule%20%3D%20Twice')
    const sent = Promise.withResolvers<void>()
    await page.route(/api\/v1\/silences$/, async route => {
      await sent.promise
      await route.continue()
    })
    const button = (disabled: boolean) => page.getByRole('button', { name: 'Silence', exact: true, disabled })
    await page.getByLabel('Why').fill('known')
    await button(false).click()
    await button(true).waitFor()
    expect(await page.getByLabel('Why').inputValue()).toBe('known')
    sent.resolve()
    await page.getByRole('listitem').filter({ hasText: 'alert.rule = Twice' }).waitFor()
    await done()
  })

  test('an exception that has been changed is not written before it is tested', async () => {
    const { page, done } = await open(`#/tune?rule=Shell&open=${alert(7).id}`)
    await page.getByRole('button', { name: 'proc.name = sh7' }).first().click()
    const write = (disabled: boolean) => page.getByRole('button', { name: 'Write to the local rules file', disabled })
    await write(false).waitFor()
    const sent = Promise.withResolvers<void>()
    await page.route(/tune\/test$/, async route => {
      await sent.promise
      await route.continue()
    })
    await page.getByLabel('Values of proc.name').fill('sh9')
    await page.keyboard.press('Tab')
    await write(true).waitFor()
    sent.resolve()
    await write(false).waitFor()
    await done()
  })

  test('counts of a part of the alerts say so, and are not compared', async () => {
    const { page, done } = await open('#/silences')
    await page.route(/api\/v1\/(top|histogram|groups)\?/, route => {
      const counts = [{ value: 'Shell', count: 3 }]
      const bars = [{ time: new Date().toISOString(), value: 'Notice', count: 3 }]
      const part = { complete: false, looked: { alerts: 10, of: 1000 } }
      return route.fulfill({ json: { counts, bars, groups: [], ...part } })
    })
    const part = 'Of the newest 10 of 1,000 alerts: there was no time for all.'
    await page.evaluate("location.hash = '#/now'")
    for (const name of ['Alerts over time', 'Rules', 'Hosts'])
      await page.getByRole('region', { name, exact: true }).getByText(part).waitFor()
    expect(await page.locator('.trend').count()).toBe(0)
    await page.evaluate("location.hash = '#/alerts?group=rule'")
    await list(page).getByText(part).waitFor()
    await page.getByRole('button', { name: 'Count all' }).waitFor()
    await done()
  })

  test('counts that cannot be brought up to date have the error beside them', async () => {
    const { page, done } = await open('#/silences')
    let isBroken = false
    await page.route(/api\/v1\/top\?/, route =>
      isBroken ? route.fulfill({ body: '<p>a page of some proxy' }) : route.continue(),
    )
    await page.evaluate("location.hash = '#/now'")
    const rules = page.getByRole('region', { name: 'Rules', exact: true })
    await rules.getByRole('button', { name: /^Shell/ }).waitFor()
    isBroken = true
    await rules.getByRole('alert').getByText('is not valid JSON').waitFor()
    await rules.getByRole('button', { name: /^Shell/ }).waitFor()
    await done()
  })

  test('rules that could not be listed are asked for again with the next alert', async () => {
    const { page, done } = await open('#/silences')
    let isBroken = true
    await page.route(/api\/v1\/rules\?/, async route => {
      await (isBroken ? route.fulfill({ body: '<p>a page of some proxy' }) : route.continue())
      isBroken = false
    })
    const detail = page.getByRole('complementary', { name: 'Alert' })
    let n = 7
    await until('the explanation', async () => {
      n = n === 7 ? 9 : 7
      await page.evaluate(`location.hash = '#/alerts?open=${alert(n).id}'`)
      await detail.locator('.sentence', { hasText: `message ${n}` }).waitFor()
      return (await detail.getByRole('heading', { name: 'Why it fired' }).count()) > 0
    })
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

  test('a live list whose session has ended asks for a token', async () => {
    // The facets, which ask again and again, are not there.
    const { page } = await openPage(browser, `${shared.console.url}#/now`, 'Falc console', { width: 1000 })
    await page.getByRole('region', { name: 'Rules', exact: true }).getByRole('button').first().waitFor()
    await page.route(/api\/v1\/(stream|session)/, route => route.fulfill({ status: 401, json: {} }))
    await page.evaluate("location.hash = '#/alerts'")
    await page.getByLabel('Token').waitFor()
    // The browser has complained about the status.
    await page.context().close()
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
