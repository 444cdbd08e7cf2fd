/** The engine on every host that it supports: Node, Node without code generation, a browser with and without eval. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { EXPECTED } from './expected.ts'
import { run } from './program.ts'

const here = import.meta.dirname
const CHROMIUM = '/usr/bin/chromium'
const work = mkdtempSync(join(tmpdir(), 'falc-hosts-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const noBrowser = skipped('browser', existsSync(CHROMIUM) ? undefined : `a browser needs ${CHROMIUM} (chromium)`)

test('Node', () => {
  expect(run()).toEqual({ ...EXPECTED, backend: 'jit' })
})

test('Node that forbids code generation', () => {
  const script = `import { run } from ${JSON.stringify(join(here, 'program.ts'))}; console.log(JSON.stringify(run()))`
  const output = execFileSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', '--conditions=@falc/source', '--input-type=module', '-e', script],
    { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } },
  )
  expect(JSON.parse(output)).toEqual({ ...EXPECTED, backend: 'vm' })
})

describe.skipIf(noBrowser !== undefined)('Chromium', () => {
  test.each([
    ['a page', '', 'jit'],
    [
      'a page whose policy forbids eval',
      `<meta http-equiv="Content-Security-Policy" content="script-src 'unsafe-inline'">`,
      'vm',
    ],
  ])('%s', async (name, policy, backend) => {
    const code = await bundle()
    expect(code).not.toMatch(/\bfrom\s*["']node:|\brequire\(["']/)
    const page = join(work, `${backend}.html`)
    const script = `${code}\ndocument.body.textContent = JSON.stringify(falc.run())`
    writeFileSync(
      page,
      `<!doctype html><head><meta charset="utf-8">${policy}</head><body>${name}<script>${script.replaceAll('</script', '<\\/script')}</script></body>`,
    )
    const dom = execFileSync(
      CHROMIUM,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${join(work, `profile-${backend}`)}`,
        '--dump-dom',
        `file://${page}`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, TZ: 'UTC' } },
    )
    const body = /<body>(.*)<\/body>/s.exec(dom)?.[1] ?? dom
    expect(JSON.parse(body)).toEqual({ ...EXPECTED, backend })
  })
})

/** The engine and the program as one script that defines `falc`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: here,
    resolve: { conditions: ['@falc/source'] },
    build: { write: false, minify: true, lib: { entry: join(here, 'program.ts'), formats: ['iife'], name: 'falc' } },
  })
  const [result] = Array.isArray(built) ? built : [built]
  if (!result || !('output' in result)) throw new Error('vite gave no output')
  return result.output[0].code
}
