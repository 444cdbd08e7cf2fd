/** The console's page in a browser, with alerts that attack the viewer. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { syscall } from '@falc/sources-syscall'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { FALC } from '../../../scripts/testing/command.ts'
import { checkAccess, launch, noBrowser, openPage, type PageOptions } from './browser.ts'
import { alert, ask, begin, post } from './start.ts'

const CAPTURE = join(import.meta.dirname, '../../../examples/captures/host-a.scap')

/** Would run a script, clear a terminal, reverse text and hide a character. */
const HOSTILE = '<script>document.title="owned"</script><img src=x onerror="document.title=1">\u001b[2J\u202eevil\u200b'
const SHOWN =
  '<script>document.title="owned"</script><img src=x onerror="document.title=1">\\u001b[2J\\u202eevil\\u200b'

const RULES = `
- macro: shells
  condition: proc.name startswith sh
- rule: Shell
  desc: A shell
  condition: evt.type = execve and shells
  output: shell %proc.name
  priority: Notice
  tags: [mitre_execution, T1059]
- rule: Silent
  desc: It never fires
  condition: evt.type = execve and proc.name = nothing
  output: x
  priority: Error
`

const work = mkdtempSync(join(tmpdir(), 'falc-page-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

beforeAll(() => buildConsoleApp(join(work, 'app')))

test('the main script is small, and does not contain the editor', () => {
  const main = readFileSync(join(work, 'app/main.js'))
  expect(gzipSync(main).length).toBeLessThan(100_000)
  expect(main.includes('cm-editor')).toBe(false)
})

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  let browser: Browser
  let shared: Awaited<ReturnType<typeof begin>>
  const localRules = join(work, 'local.yaml')
  const now = BigInt(Date.now()) * 1_000_000n
  const SECOND = 1_000_000_000n
  beforeAll(async () => {
    writeFileSync(join(work, 'shell.yaml'), RULES)
    writeFileSync(localRules, '')
    const rules = [join(work, 'shell.yaml'), localRules]
    const options = { app: join(work, 'app'), path: join(work, 'alerts.db'), sources: [syscall()], rules, localRules }
    shared = await begin(options)
    const some = Array.from({ length: 150 }, (_, n) => alert(n, { time: now - BigInt(150 - n) * SECOND }))
    await shared.console.writer.insert([
      alert(600, { rule: 'Old', time: now - 200_000n * SECOND }),
      ...some,
      alert(500, {
        ...{ rule: HOSTILE, message: HOSTILE, output: HOSTILE, hostname: HOSTILE, tags: [HOSTILE], time: now },
        output_fields: {
          ...{ 'proc.name': HOSTILE + 'x'.repeat(1 << 20), [HOSTILE]: HOSTILE, 'user.name': HOSTILE },
          ...{ 'proc.pname': HOSTILE, 'container.id': HOSTILE },
        },
      }),
    ])
    const until = new Date(Date.now() + 1e8).toISOString()
    const silence = { condition: `alert.message contains '<script>'`, until, reason: HOSTILE }
    const made = await ask(shared.console, 'api/v1/silences', post(JSON.stringify(silence), JSON_TYPE))
    expect(made.status).toBe(200)
    const note = { ids: [alert(500).id], state: 'acknowledged', assignee: HOSTILE.slice(0, 60), note: HOSTILE }
    await ask(shared.console, 'api/v1/alerts', { ...post(JSON.stringify(note), JSON_TYPE), method: 'PATCH' })
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await shared?.end()
  })

  const open = (hash: string, options?: PageOptions) =>
    openPage(browser, shared.console.url + hash, 'Falc console', options)

  test('a click on a rule lists its alerts, and a drag on the chart selects a time span', async () => {
    const { page, done } = await open('#/now')
    await page.getByRole('heading', { name: '151 alerts' }).waitFor()
    await page
      .getByRole('region', { name: 'Rules' })
      .getByRole('button', { name: /^Shell.*75$/ })
      .click()
    await page.waitForURL(url => url.hash.startsWith('#/alerts?filter=alert.rule'))
    await page.locator('.row').first().waitFor()
    await page.goBack()
    const chart = (await page.locator('.chart svg').boundingBox())!
    await page.mouse.move(chart.x + 10, chart.y + 50)
    await page.mouse.down()
    await page.mouse.move(chart.x + chart.width / 2, chart.y + 50)
    await page.mouse.up()
    await page.waitForURL(/from=\d+&to=\d+/)
    await page.getByText('No alerts in this time.').waitFor()
    await page.getByRole('button', { name: 'Show all of them' }).click()
    await page.getByRole('heading', { name: '152 alerts' }).waitFor()
    await done()
  })

  test('the search completes and reports errors, only visible rows are rendered, and keys triage alerts', async () => {
    const { page, done } = await open('#/alerts')
    await page.locator('.row').nth(20).waitFor()
    expect(await page.locator('.row').count()).toBeLessThan(80)
    await page.evaluate("document.querySelector('.rows').style.maxHeight = '3000px'")
    await page.locator('.row').nth(80).waitFor()
    await page.evaluate("document.querySelector('.rows').style.maxHeight = ''")
    await page.locator('.rows').evaluate(rows => rows.scrollTo(0, rows.scrollHeight))
    await page.locator('.row', { hasText: 'message 0' }).waitFor()
    await page.getByLabel('Condition').pressSequentially('proc.na')
    await page.getByRole('option', { name: /^proc\.name / }).click()
    expect(await page.getByLabel('Condition').inputValue()).toBe('proc.name ')
    await page.getByLabel('Condition').fill('alert.ru')
    // If the user types on at once, the errors of the new text appear, not completions after the old text.
    await page.getByRole('option', { name: /^alert\.rule / }).waitFor()
    await page.evaluate(`{
      document.querySelector('.offer').dispatchEvent(new MouseEvent('mousedown', { bubbles: true }))
      const input = document.querySelector('.filter')
      input.value = 'proc.name = = sh7'
      input.dispatchEvent(new InputEvent('input', { bubbles: true }))
    }`)
    await page.getByText(/expected|unexpected/i).waitFor()
    await page.getByLabel('Condition').fill('proc.name = sh7')
    await page.getByLabel('Words').fill('message')
    await page.keyboard.press('Enter')
    await page.locator('.row', { hasText: 'message 0' }).waitFor({ state: 'detached' })
    await page.locator('.row', { hasText: 'message 7' }).waitFor()
    await page.getByLabel('Words').blur()
    await page.keyboard.press('j')
    const detail = page.getByRole('complementary', { name: 'Alert' })
    // The event's type is not in the alert, but the rule could not have fired without it.
    await detail.locator('.clause.deduced', { hasText: 'evt.type' }).first().waitFor()
    await detail.locator('.clause', { hasText: 'is sh7' }).first().waitFor()
    await page.keyboard.press('x')
    await page.getByLabel('Why').fill('a test of ours')
    await page.keyboard.press('Enter')
    await page.locator('.row', { hasText: 'false positive' }).waitFor()
    await page.reload()
    await detail.getByText('a test of ours').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
    await done()
  })

  test('alerts are grouped, narrowed by a facet, and shown with a chosen column', async () => {
    const { page, done } = await open('#/alerts?group=rule')
    await page.locator('.group-line', { hasText: 'Shell' }).getByText('×75').waitFor()
    await page
      .getByRole('region', { name: 'Facets' })
      .getByRole('button', { name: /^Read 75/ })
      .click()
    await page.locator('.group-line', { hasText: 'Shell' }).waitFor({ state: 'detached' })
    await page.locator('.group-line', { hasText: 'Read' }).click()
    await page.getByLabel('Columns').fill('proc.name')
    await page.keyboard.press('Tab')
    await page.locator('.row .cell', { hasText: 'sh148' }).waitFor()
    await done()
  })

  test('an exception is proposed from an alert, tested on stored alerts, and written', async () => {
    const { page, done } = await open(`#/alerts?open=${alert(7).id}&range=0`)
    await page.getByRole('button', { name: 'Make an exception' }).click()
    await page
      .getByRole('region', { name: 'Exceptions' })
      .getByRole('button', { name: 'proc.name = sh7' })
      .first()
      .click()
    await page.getByText('removes 1 of 75 in 7 days; 74 stay').waitFor()
    await page.getByRole('list', { name: 'Alerts that stay' }).getByText('message 149').waitFor()
    await page.getByRole('button', { name: 'Write to the local rules file' }).click()
    await page.getByText('Written to').waitFor()
    expect(readFileSync(localRules, 'utf8')).toContain('sh7')
    await done()
  })

  test('a silence is created and ended, and rules that never fired are listed', async () => {
    const { page, done } = await open('#/silences?filter=proc.name%20%3D%20sh9')
    await page.getByLabel('Why').fill('known')
    await page.getByRole('button', { name: 'Silence', exact: true }).click()
    const silence = page.getByRole('listitem').filter({ hasText: 'proc.name = sh9' })
    await silence.getByRole('button', { name: '0 alerts', exact: true }).waitFor()
    await silence.getByRole('button', { name: 'End now' }).click()
    await silence.getByText('ended').waitFor()
    await page.getByRole('button', { name: 'Rules' }).click()
    await page.getByLabel('Which').selectOption('never hit')
    await page.getByRole('button', { name: 'Silent' }).click()
    await page.getByRole('complementary', { name: 'Rule' }).getByText('proc.name = nothing').first().waitFor()
    await done()
  })

  test('an alert that falc raises appears on the open page', async () => {
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
    const outputs = [{ name: 'history', type: 'store', path: 'alerts.db' }]
    writeFileSync(join(work, 'falco.yaml'), JSON.stringify({ stdout_output: { enabled: false }, outputs }))
    const [node, ...args] = FALC
    await promisify(execFile)(node!, [...args, 'run', '-c', 'falco.yaml', '-r', 'rules.yaml', '-e', CAPTURE], {
      cwd: work,
    })
    await page.getByText('read by cat').first().waitFor()
    // A store keeps the fields that the condition read, even if the output does not show them.
    const { json } = await ask(shared.console, 'api/v1/alerts?filter=alert.rule%20%3D%20%22Shadow%20read%22&limit=1')
    expect(json.alerts[0].alert.condition_fields).toEqual({ 'evt.type': 'openat', 'fd.name': '/etc/shadow' })
    await done()
  })

  test('what playbooks did about an alert is listed with it', async () => {
    const told = (n: number, action: string, outcome: string) =>
      alert(n, {
        ...{ rule: 'Falc response: step', source: 'response', time: now - BigInt(90_000 * 86_400 - n) * 1000n },
        message: `${action} sh7: ${outcome}`,
        output: `${action} sh7: ${outcome}`,
        output_fields: { 'response.action': action, 'response.outcome': outcome, 'response.alert': alert(7).id },
      })
    await shared.console.writer.insert([told(700, 'stop_process', 'done'), told(701, 'isolate_pod', 'refused')])
    const { page, done } = await open(`#/alerts?open=${alert(7).id}&range=0`)
    const steps = page.getByRole('region', { name: 'Responses' }).getByRole('listitem')
    await steps.nth(1).waitFor()
    const texts = (await steps.allTextContents()).map(text => text.replace(/^\S+ /, ''))
    expect(texts).toEqual([
      expect.stringMatching(/done stop_process sh7: done$/),
      expect.stringMatching(/refused isolate_pod sh7: refused$/),
    ])
    await checkAccess(page)
    await done()
  })

  test('a user who is not signed in gets a link, and returns to the same view afterwards', async () => {
    const oidc = {
      ...{ issuer: 'http://127.0.0.1:1', clientId: 'falc', clientSecret: 's' },
      redirectUri: 'http://127.0.0.1:1/',
    }
    const { console, end } = await begin({ app: join(work, 'app'), oidc, roles: [{ group: '*', scopes: ['read'] }] })
    onTestFinished(end)
    const { page } = await openPage(browser, `${console.url}#/alerts?q=shadow`, 'Falc console')
    onTestFinished(() => page.context().close())
    const link = page.getByRole('link', { name: 'Sign in with the identity provider' })
    await link.waitFor()
    await checkAccess(page)
    await page.route('**/api/v1/oidc/login', route =>
      route.fulfill({ status: 302, headers: { location: console.url } }),
    )
    await link.click()
    await page.waitForURL(url => url.hash === '#/alerts?q=shadow')
  })

  test('the playground also runs in the console, under its content security policy', async () => {
    const { page, done } = await open('#/playground')
    await page.getByRole('list', { name: 'Alerts of this run' }).getByText('Password Hashes Read').first().waitFor()
    await page.getByRole('textbox', { name: 'Rules in syscall.yaml' }).waitFor()
    await checkAccess(page)
    await done()
  })

  const hostile = encodeURIComponent(HOSTILE)
  test.each([
    ['#/now?range=0', '.top .value'],
    ['#/alerts?range=0', '.row .rule'],
    [`#/alerts?range=0&open=${alert(500).id}`, '.detail .notes li'],
    ['#/alerts?range=0&group=rule,user.name', '.group-line .part'],
    ['#/silences', '.silences p'],
    ['#/tune', '.top .value'],
    [`#/tune?rule=${hostile}&open=${alert(500).id}`, 'section h2'],
    [`#/rules?range=0&rule=${hostile}`, '.detail h2'],
    ['#/health', 'td button'],
  ])('hostile text is shown as text, and the screen is accessible: %s', async (hash, place) => {
    const { page, done } = await open(hash)
    await page.locator(place).getByText(SHOWN.slice(0, 40)).first().waitFor()
    await checkAccess(page)
    // The dark scheme in a narrow window.
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 400, height: 900 })
    await checkAccess(page)
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.evaluate('document.body.textContent')).not.toMatch(/[\u001b\u202e\u200b]/)
    await done()
  })
})

const JSON_TYPE = { 'content-type': 'application/json' }
