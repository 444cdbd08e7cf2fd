/** From an event on this machine to the page: falc with its probe, the store, the console and a browser. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { startFalc } from '../../cli/test/process.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { checkAccess, launch, noBrowser, openPage } from './browser.ts'
import { begin } from './start.ts'

test.skipIf((noLive() ?? noBrowser) !== undefined)('reading a file shows an alert on the open page', async () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-live-page-'))
  onTestFinished(() => rmSync(work, { recursive: true, force: true }))
  const secret = join(work, 'secret')
  writeFileSync(secret, 'x')
  const rule = {
    ...{ rule: 'Secret read', desc: 'd', priority: 'CRITICAL', output: 'secret read by %proc.name %proc.args' },
    condition: `evt.type in (open, openat, openat2) and fd.name = ${secret}`,
  }
  writeFileSync(join(work, 'rules.yaml'), JSON.stringify([rule]))
  const outputs = [{ name: 'history', type: 'store', path: join(work, 'alerts.db') }]
  writeFileSync(join(work, 'falco.yaml'), JSON.stringify({ stdout_output: { enabled: false }, outputs }))
  await buildConsoleApp(join(work, 'app'))
  const { console, end } = await begin({ path: join(work, 'alerts.db'), app: join(work, 'app') })
  onTestFinished(end)
  const falc = startFalc(['run', '-c', 'falco.yaml', '-r', 'rules.yaml'], work)
  onTestFinished(() => void falc.child.kill('SIGKILL'))
  await falc.sees('Opening event source')
  const browser = await launch()
  onTestFinished(() => browser.close())
  const { page, done } = await openPage(browser, `${console.url}#/alerts`, 'Falc console')
  await page.getByText('No alerts.').waitFor()
  const rows = page.locator('.row', { hasText: `secret read by tail -n 1 ${secret}` })
  for (const count of [1, 2]) {
    await promisify(execFile)('tail', ['-n', '1', secret])
    // Without any input to the page.
    await rows.nth(count - 1).waitFor()
    expect(await rows.count()).toBe(count)
  }
  await checkAccess(page)
  await done()
  falc.child.kill('SIGINT')
  expect(await falc.exit).toBe(0)
})
