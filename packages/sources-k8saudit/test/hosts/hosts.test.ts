/** `@falc/sources-k8saudit/source` outside of Node: bundled for a browser, it needs no Node module. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { run } from './program.ts'

const CHROMIUM = '/usr/bin/chromium'
const noBrowser = skipped('browser', existsSync(CHROMIUM) ? undefined : `a browser needs ${CHROMIUM} (chromium)`)

const EXPECTED = {
  alerts: ['db', 'tls'].map(
    name => `09:41:00.123456000: Warning secret=${name} uid=12345678901234567890 at=2026-03-17T09:41:00.123456000+0000`,
  ),
  plugins: 'k8saudit json',
  problem: 'item 0: a number is not an audit event',
}
/** The local time of day depends on the machine. */
const withoutClock = <T extends { alerts: string[] }>(result: T): T => ({
  ...result,
  alerts: result.alerts.map(alert => alert.replace(/^\d\d:\d\d/, '09:41')),
})

let code: string
let imports: readonly string[]
beforeAll(async () => {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'program.ts'),
    platform: 'browser',
    resolve: { conditionNames: ['@falc/source', 'import', 'browser', 'default'] },
    onLog(_, log) {
      throw new Error(log.message)
    },
  })
  const { output } = await bundle.generate({ format: 'iife', name: 'falc', exports: 'named' })
  const [{ code: text, imports: named, dynamicImports }] = output
  code = text
  imports = [...named, ...dynamicImports]
})

test('runs in Node', () => {
  expect(withoutClock(run())).toEqual(EXPECTED)
})

test('the bundle imports nothing', () => {
  expect(imports).toEqual([])
})

test('the bundle runs with nothing but the language and text encoding', () => {
  const context = createContext({ TextEncoder, TextDecoder })
  runInContext(`${code}\nthis.result = JSON.stringify(falc.run())`, context)
  expect(withoutClock(JSON.parse(context.result))).toEqual(EXPECTED)
})

const work = mkdtempSync(join(tmpdir(), 'falc-hosts-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

test.skipIf(noBrowser !== undefined)('runs in Chromium (skipped without /usr/bin/chromium)', () => {
  const page = join(work, 'page.html')
  const script = `${code}\ndocument.body.textContent = JSON.stringify(falc.run())`.replaceAll('</script', '<\\/script')
  writeFileSync(page, `<!doctype html><head><meta charset="utf-8"></head><body><script>${script}</script></body>`)
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  const dom = execFileSync(
    CHROMIUM,
    [...flags, `--user-data-dir=${join(work, 'profile')}`, '--dump-dom', `file://${page}`],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, TZ: 'UTC' } },
  )
  expect(withoutClock(JSON.parse(/<body>(.*)<\/body>/s.exec(dom)![1]!))).toEqual(EXPECTED)
})
