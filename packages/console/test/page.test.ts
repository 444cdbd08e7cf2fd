/** The console's page in a browser, on alerts that attack whoever looks at them. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { FALC } from '../../../scripts/testing/command.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { alert, begin } from './start.ts'

const CHROMIUM = '/usr/bin/chromium'
const noBrowser = skipped('browser', existsSync(CHROMIUM) ? undefined : `a browser needs ${CHROMIUM} (chromium)`)
const CAPTURE = join(import.meta.dirname, '../../../examples/captures/host-a.scap')

/** It would run, clear a terminal, turn text around and hide; and it is long. */
const HOSTILE = '<script>document.title="owned"</script><img src=x onerror="document.title=1">\u001b[2J\u202eevil\u200b'
const SHOWN =
  '<script>document.title="owned"</script><img src=x onerror="document.title=1">\\u001b[2J\\u202eevil\\u200b'

const work = mkdtempSync(join(tmpdir(), 'falc-page-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

test('the page is small', async () => {
  await buildConsoleApp(join(work, 'small'))
  expect(gzipSync(readFileSync(join(work, 'small/main.js'))).length).toBeLessThan(100_000)
})

describe.skipIf(noBrowser !== undefined)('in a browser', { timeout: 120_000 }, () => {
  let browser: Browser
  let shared: Awaited<ReturnType<typeof begin>>
  const now = BigInt(Date.now()) * 1_000_000n
  beforeAll(async () => {
    await buildConsoleApp(join(work, 'app'))
    shared = await begin({ app: join(work, 'app'), path: join(work, 'alerts.db') })
    const some = Array.from({ length: 150 }, (_, n) => alert(n, { time: now - BigInt(150 - n) * 1_000_000_000n }))
    await shared.console.writer.insert([
      ...some,
      alert(500, {
        ...{ rule: HOSTILE, message: HOSTILE, output: HOSTILE, hostname: HOSTILE, tags: [HOSTILE], time: now },
        output_fields: { 'proc.name': HOSTILE + 'x'.repeat(1 << 20), [HOSTILE]: HOSTILE, 'user.name': HOSTILE },
      }),
    ])
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    await shared?.end()
  })

  /** A page that fails the test when it complains, runs others' scripts or breaks its policy. */
  async function open(
    hash: string,
    options: { width?: number; dark?: boolean; bypassCSP?: boolean } = {},
  ): Promise<{ page: Page; done: () => Promise<void> }> {
    const { width = 1280, dark = false, bypassCSP = false } = options
    const page = await browser.newPage({
      viewport: { width, height: 800 },
      colorScheme: dark ? 'dark' : 'light',
      bypassCSP,
    })
    const complaints: string[] = []
    page.on('console', message => message.type() !== 'log' && complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.message))
    page.on('dialog', dialog => void dialog.dismiss().then(() => complaints.push('a dialog')))
    await page.goto(shared.console.url + hash)
    const done = async () => {
      expect([complaints, await page.title()]).toEqual([[], 'Falc console'])
      await page.close()
    }
    return { page, done }
  }

  test('alerts over time and their rules; a click shows them', async () => {
    const { page, done } = await open('#/now')
    await page.getByRole('heading', { name: '151 alerts' }).waitFor()
    await page.getByRole('region', { name: 'Rules' }).getByRole('button', { name: 'Shell 75' }).click()
    await page.waitForURL(url => url.hash.startsWith('#/alerts?filter=alert.rule'))
    await page.locator('.row').nth(74).waitFor()
    expect(await page.locator('.row').count()).toBe(75)
    await page.goBack()
    await page.getByRole('heading', { name: '151 alerts' }).waitFor()
    await done()
  })

  test('a search by condition and words, its errors, older alerts, keys', async () => {
    const { page, done } = await open('#/alerts')
    await page.locator('.row').nth(99).waitFor()
    await page.getByRole('button', { name: 'Older alerts' }).click()
    await page.locator('.row').nth(150).waitFor()
    await page.getByLabel('Condition').fill('proc.name = sh7')
    await page.getByLabel('Words').fill('message')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForFunction('document.querySelectorAll(".row").length === 1')
    await page.getByLabel('Condition').blur()
    await page.keyboard.press('j')
    await page.getByRole('complementary', { name: 'Alert' }).getByText('evt.time').first().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    await done()
  })

  test('what falc detects is on the page', async () => {
    const { page, done } = await open('#/alerts?filter=alert.rule%20%3D%20%22Shadow%20read%22&range=0')
    await page.getByText('No alerts.').waitFor()
    const rule = {
      rule: 'Shadow read',
      desc: 'd',
      condition: 'evt.type in (open, openat) and fd.name = /etc/shadow',
      output: 'read by %proc.name',
      priority: 'WARNING',
    }
    writeFileSync(join(work, 'rules.yaml'), JSON.stringify([rule]))
    writeFileSync(
      join(work, 'falco.yaml'),
      JSON.stringify({
        stdout_output: { enabled: false },
        outputs: [{ name: 'history', type: 'store', path: 'alerts.db' }],
      }),
    )
    const [node, ...args] = FALC
    await promisify(execFile)(node!, [...args, 'run', '-c', 'falco.yaml', '-r', 'rules.yaml', '-e', CAPTURE], {
      cwd: work,
    })
    await page.getByText('read by cat').first().waitFor()
    await done()
  })

  test.each([
    ['#/now', 'Rules'],
    ['#/alerts', 'Alerts'],
    [`#/alerts?open=${alert(500).id}`, 'Alerts'],
  ])('hostile text is text: %s', async (hash, name) => {
    for (const dark of [false, true]) {
      const { page, done } = await open(hash, { dark, width: dark ? 400 : 1280 })
      await page.getByRole('region', { name }).locator('.rule, .value').getByText(SHOWN.slice(0, 60)).first().waitFor()
      expect(await page.locator('main img, main script').count()).toBe(0)
      if (hash.includes('open=')) expect(await page.locator('.detail h2').textContent()).toBe(`Error ${SHOWN}`)
      expect(await page.evaluate('document.body.innerText')).not.toMatch(/[\u001b\u202e\u200b]/)
      // Nothing makes the page wider than the window.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      await done()
    }
  })

  test.each(['#/now', '#/alerts', `#/alerts?open=${alert(3).id}`])('accessible: %s', async hash => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    for (const dark of [false, true]) {
      const { page, done } = await open(hash, { dark, bypassCSP: true })
      await page.locator('.row, .top li').first().waitFor()
      if (hash.includes('open=')) await page.locator('.detail dl').waitFor()
      await page.addScriptTag({ content: axe })
      const found: string[] = await page.evaluate(
        "axe.run().then(({ violations }) => violations.map(v => v.id + ': ' + v.nodes[0].html))",
      )
      expect(found).toEqual([])
      await done()
    }
  })
})
