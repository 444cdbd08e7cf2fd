/** The playground: a page that needs no server, opened as a file, without a network. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Engine } from '@falc/engine'
import { k8sAudit } from '@falc/sources-k8saudit'
import { openCapture, syscall } from '@falc/sources-syscall'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPlayground } from '../../../scripts/console-app.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { rangeOf } from '../src/web/virtual-range.ts'
import { checkAccess, launch, noBrowser, openPage, type PageOptions } from './browser.ts'

const ROOT = join(import.meta.dirname, '../../..')
const CAPTURE = join(ROOT, 'examples/captures/host-a.scap')
/** Falco's own rules, if they are present. */
const PUBLIC = ['falco', 'falco-incubating', 'falco-sandbox', 'k8s_audit']
  .map(name => join(ROOT, `../shared/corpus/rules/${name}_rules.yaml`))
  .filter(existsSync)
if (PUBLIC.length < 4) console.warn("skipped: the public rules' alerts: the files are not here")

/** Conditions like those of the public rules, which may be absent. Each rule takes some events of the capture before the next. */
const CHECKS = [
  ...['opened and basename(fd.name) = ld.so.cache', 'opened and proc.name in (shells)'],
  ...['opened and fd.name glob "/etc/p*"', 'opened and fd.name startswith /etc and not proc.name = cat'],
  ...['opened and fd.name regex ".*/libc[.]so.*" and tolower(proc.name) = cat', 'opened and fd.name endswith .so.6'],
  ...['opened and fd.name icontains LIBC', 'opened and fd.name contains lib and fd.num < 4'],
  ...['opened and fd.name pmatch (/usr, /lib)', 'opened and evt.arg.flags contains O_RDONLY and proc.pname exists'],
  ...['opened and proc.aname[1] exists', 'spawned and proc.args != ""', 'spawned and proc.cmdline exists'],
  'evt.type in (read, close) and fd.num >= 0',
]
const FEATURES = `- required_engine_version: 0.31.0
- list: shells
  items: [sh, dash]
- macro: opened
  condition: evt.type = open and fd.num >= 0
- macro: spawned
  condition: evt.type = execve
${CHECKS.map((check, i) => `- rule: Check ${i}\n  desc: d\n  condition: ${check}\n  output: "%proc.name %fd.name"\n  priority: NOTICE\n`).join('')}
- rule: Silent
  desc: its exceptions hold
  condition: opened and fd.name startswith /etc
  output: o
  priority: NOTICE
  exceptions: [{ name: etc, fields: [fd.name], comps: [startswith], values: [[/nowhere]] }]
`
const OVERRIDES = `- list: shells
  items: [bash]
  override: { items: append }
- macro: opened
  condition: or evt.type = openat
  override: { condition: append }
- rule: Silent
  exceptions: [{ name: etc, values: [[/etc]] }]
  override: { exceptions: append }
- rule: Check 0
  priority: ERROR
  output: "changed %fd.name"
  override: { priority: replace, output: replace }
`

test('the range of a list has the visible rows, and the space before and after them', () => {
  expect(rangeOf(0, 30, 0, 600)).toEqual({ start: 0, end: 0, before: 0, after: 0 })
  expect(rangeOf(1000, 30, 0, 600)).toEqual({ start: 0, end: 26, before: 0, after: 974 * 30 })
  expect(rangeOf(1000, 30, 15_000, 600)).toEqual({ start: 494, end: 526, before: 494 * 30, after: 474 * 30 })
  // A list that has become shorter than the scroll position.
  expect(rangeOf(10, 30, 15_000, 600)).toEqual({ start: 10, end: 10, before: 300, after: 0 })
})

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-playground-'))
  let browser: Browser
  beforeAll(async () => {
    await buildPlayground(work)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(work, { recursive: true, force: true })
  })

  const open = (options: PageOptions = {}) =>
    openPage(browser, pathToFileURL(join(work, 'index.html')).href, 'Falc playground', { offline: true, ...options })

  const editor = (page: Page) => page.getByRole('textbox', { name: /^Rules in/ })
  const row = (page: Page, name: string) =>
    page.getByRole('list', { name: 'Alerts of this run' }).getByRole('button').filter({ hasText: name }).first()

  test('the page raises as many alerts as falc does, and explains them', async () => {
    const { page, done } = await open()
    const alerts = await falcsAlerts()
    await page.getByRole('heading', { name: `${alerts.length} alerts` }).waitFor()
    await row(page, 'Password Hashes Read').click()
    const alert = page.getByRole('article', { name: 'Alert' })
    await alert.getByText('file=/etc/shadow').waitFor()
    const clause = alert.locator('.clause', { hasText: 'is /etc/shadow' }).last()
    expect(await clause.textContent()).toMatch(/^✓ *fd\.name .* is \/etc\/shadow/)
    await alert
      .getByRole('button', { name: /^syscall.yaml:\d+$/ })
      .first()
      .click()
    await page.locator('.cm-focused').waitFor()
    await done()
  })

  /** In the order in which the page loads them. */
  function ours(): string[] {
    const own = { 'with-features.yaml': FEATURES, 'with-overrides.yaml': OVERRIDES }
    for (const [name, content] of Object.entries(own)) writeFileSync(join(work, name), content)
    const rules = ['k8s_audit', 'syscall'].map(name => join(ROOT, `rules/${name}.yaml`))
    return [...rules, ...Object.keys(own).map(name => join(work, name))]
  }

  test.each([
    ...(PUBLIC.length < 4 ? [] : [{ whose: 'public rules', files: () => PUBLIC }]),
    { whose: 'our rules', files: ours },
  ])('four rules files raise as many alerts on a capture as in the engine: $whose', async ({ files }) => {
    const paths = files()
    const { page, done } = await open()
    await page.getByRole('button', { name: /^syscall\.yaml/ }).waitFor()
    await page.getByLabel('Open files').setInputFiles(paths)
    // The user's files replace the examples.
    await page.locator('.files li').nth(3).waitFor()
    expect(await page.locator('.files li').count()).toBe(4)
    await page.getByLabel('Open a capture or an audit log').setInputFiles(CAPTURE)
    const alerts = await falcsAlerts(paths)
    if (files === ours) expect(new Set(alerts.filter(rule => rule.startsWith('Check '))).size).toBe(CHECKS.length)
    // The browser's language decides how thousands are separated.
    const total = String(alerts.length).replace(/\B(?=(\d{3})+$)/g, '.?')
    await page.getByRole('heading', { name: new RegExp(`^${total} alerts$`) }).waitFor()
    const counts = Object.entries(Object.groupBy(alerts, rule => rule)).map(([rule, all]) => `${rule} ×${all!.length}`)
    // The page lists the rules with the most alerts. An earlier run may have shown the same total in passing.
    await eventually(async () => {
      const texts = await page.locator('.chip').allTextContents()
      const shown = texts.map(text => text.replace(/(?<=\d)\D(?=\d{3}$)/, ''))
      expect([shown.length > 5, shown.filter(one => !counts.includes(one))]).toEqual([true, []])
    })
    await done()
  })

  test('a new rule is written with completion and findings, and raises an alert on a scene', async () => {
    const { page, done } = await open()
    await page.getByRole('button', { name: 'New file' }).click()
    await page.getByRole('button', { name: 'A scene' }).click()
    await page.getByLabel('Scene').fill('thread 10 comm=nginx\n10 opens /etc/<b>secret</b> O_RDONLY')
    await editor(page).click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText('- rule: Mine\n  desc: d\n  priority: ERROR\n  output: got %fd.name\n  condition: ')
    await page.keyboard.type('evt.ty')
    await page
      .getByRole('option', { name: /^evt\.type\b/ })
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.insertText('pe = openat and fd.nam contains secret')
    await page
      .getByRole('list', { name: 'Findings' })
      .getByText(/fd\.nam\b/)
      .first()
      .waitFor()
    await page.keyboard.press('Control+Enter')
    await page.getByRole('alert').getByText('The rules do not load:').waitFor()
    await editor(page).click()
    await page.keyboard.press('Control+End')
    for (const _ of ' contains secret') await page.keyboard.press('ArrowLeft')
    await page.keyboard.insertText('e')
    await page.keyboard.press('Control+Enter')
    await row(page, 'Mine').getByText('got /etc/<b>secret</b>').waitFor()
    await done()
  })

  test('tests of rules run when they are created, and after a rule is changed and saved', async () => {
    const { page, done } = await open()
    await page.getByRole('button', { name: 'New file' }).click()
    await page.getByRole('button', { name: 'New tests' }).click()
    const tests = page.getByRole('region', { name: 'Tests' })
    await tests.getByRole('heading', { name: '2 tests passed' }).waitFor()
    await page.getByRole('button', { name: 'A scene' }).click()
    await page.getByRole('button', { name: 'my-rules.yaml', exact: true }).click()
    await editor(page).getByText('nginx').first().click()
    await page.keyboard.press('Control+a')
    const rule = 'condition: evt.type = execve and proc.name = bash\n  output: x\n  priority: ERROR'
    await page.keyboard.insertText(`- rule: Shell started by a web server\n  desc: d\n  ${rule}\n`)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save' }).click()
    expect((await saved).suggestedFilename()).toBe('my-rules.yaml')
    await tests.getByRole('heading', { name: '2 of 2 tests failed' }).waitFor()
    await tests.getByText('Shell started by a web server: 0 alerts, expected 1').waitFor()
    await tests.getByText('silent, but not because of proc.pname').waitFor()
    await checkAccess(page)
    await done()
  })

  test('a capture of several gzip members is read, and a file that is not a capture is an error', async () => {
    const { page, done } = await open()
    const bytes = gunzipSync(readFileSync(CAPTURE))
    const parts = [bytes.subarray(0, 30_000), bytes.subarray(30_000)].map(part => gzipSync(part))
    writeFileSync(join(work, 'parts.scap.gz'), Buffer.concat(parts))
    const rules = '- rule: Shadow\n  desc: d\n  priority: ERROR\n  output: o\n  condition: fd.name = /etc/shadow\n'
    writeFileSync(join(work, 'own.yaml'), rules)
    await page.getByLabel('Open files').setInputFiles(join(work, 'own.yaml'))
    const input = page.getByLabel('Open a capture or an audit log')
    await input.setInputFiles(join(work, 'parts.scap.gz'))
    await row(page, 'Shadow').waitFor()
    writeFileSync(join(work, 'none.bin'), 'not a capture')
    await input.setInputFiles(join(work, 'none.bin'))
    await page.getByRole('alert').getByText('cannot read the line of a scene').waitFor()
    await done()
  })

  test('a rules file that is too large is an error, and the examples stay', async () => {
    const { page, done } = await open()
    await page.getByRole('button', { name: /^syscall\.yaml/ }).waitFor()
    writeFileSync(join(work, 'large.yaml'), `#${' '.repeat(4_000_000)}`)
    await page.getByLabel('Open files').setInputFiles(join(work, 'large.yaml'))
    await page.getByRole('alert').getByText('larger than 4 MB: large.yaml').waitFor()
    await page.getByRole('button', { name: /^syscall\.yaml/ }).waitFor()
    await done()
  })

  test('a run that is stopped does not show the result of the run before', async () => {
    const { page, done } = await open()
    const result = page.getByText('events that rules look at')
    await result.waitFor()
    // The next run does not end.
    await page.evaluate('globalThis.Worker = class { postMessage() {} terminate() {} }')
    await page.getByRole('button', { name: 'A scene' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Run', exact: true }).waitFor()
    expect(await result.count()).toBe(0)
    await done()
  })

  test.each([false, true])('accessible, and never wider than its window: dark %s', async dark => {
    const { page, done } = await open({ dark, width: dark ? 400 : 1280 })
    await page.getByRole('button', { name: 'A Kubernetes audit log' }).click()
    await page.getByText('k8s-audit.jsonl:').waitFor()
    await page.getByRole('list', { name: 'Alerts of this run' }).getByRole('button').first().click()
    await page.getByRole('article', { name: 'Alert' }).locator('.why').waitFor()
    await editor(page).waitFor()
    await checkAccess(page)
    await done()
  })
})

async function falcsAlerts(files = [join(ROOT, 'rules/syscall.yaml')]): Promise<string[]> {
  const source = syscall()
  const engine = new Engine({ sources: [source, k8sAudit()] })
  engine.load(files.map(name => ({ name, content: readFileSync(name, 'utf8') })))
  const replay = await openCapture(CAPTURE)
  const alerts: string[] = []
  do {
    while (replay.next()) alerts.push(...engine.evaluate(source, replay.event).map(({ rule }) => rule))
  } while (await replay.fill())
  expect(alerts.length).toBeGreaterThan(10)
  return alerts
}
