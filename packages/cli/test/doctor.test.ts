import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { WIRE_VERSION } from '@falc/sources-syscall'
import { afterAll, describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { kernelFindings } from '../src/doctor/kernel.ts'
import { startFalc } from './process.ts'

const root = mkdtempSync(join(tmpdir(), 'falc-doctor-'))
afterAll(() => rmSync(root, { recursive: true }))

for (const { file, cases } of readCases(new URL('cases/doctor/', import.meta.url))) {
  describe(file, () => {
    test.each(cases)('$title', ({ sections }) => {
      const dir = mkdtempSync(join(root, 'machine-'))
      for (const [name, text] of sections) {
        if (!name.endsWith('.')) continue
        mkdirSync(dirname(join(dir, name)), { recursive: true })
        writeFileSync(join(dir, name.slice(0, -1)), text)
      }
      const findings = kernelFindings({ root: dir, release: sections.get('release.')!.trim(), platform: 'linux' })
      const lines = findings.map(
        ({ state, name, detail, mend }) => `${state} ${name}: ${detail}${mend === undefined ? '' : ` → ${mend}`}\n`,
      )
      expect(lines.join('')).toBe(sections.get('findings'))
    })
  })
}

test('another system', () => {
  expect(kernelFindings({ root, release: '24.0.0', platform: 'darwin' })).toMatchObject([{ state: 'missing' }])
})

test('the command says of every line how to mend it, and ends with what is possible', { timeout: 30_000 }, async () => {
  const env = { FALC_PROBE: '/no/such/probe' }
  const [text, json] = [startFalc(['doctor'], root, env), startFalc(['doctor', '--json'], root, env)]
  expect([await text.exit, await json.exit]).toEqual([1, 1])
  expect(text.output.stdout).toMatch(
    /^missing {3}sidecar +FALC_PROBE names \/no\/such\/probe, which is not there\n +→ npm install @falc\/probe-/m,
  )
  expect(text.output.stdout).toMatch(/\n\nfalc run cannot work live here yet; it replays captures with -e FILE\.\n$/)
  const { live, findings } = JSON.parse(json.output.stdout)
  expect(live).toBe(false)
  for (const { state, mend } of findings) expect(mend === undefined).toBe(state === 'ok')
})

test('a sidecar that ends at once is found by the trial', { timeout: 30_000 }, async () => {
  const probe = join(root, 'probe')
  writeFileSync(probe, `#!/bin/sh\n[ "$1" = --version ] && echo 'falc-probe, wire version ${WIRE_VERSION}'\nexit 3\n`, {
    mode: 0o755,
  })
  const { exit, output } = startFalc(['doctor', '--json'], root, { FALC_PROBE: probe })
  expect(await exit).toBe(1)
  const { live, findings } = JSON.parse(output.stdout)
  expect(live).toBe(false)
  const lacking = findings.filter(({ state }: { state: string }) => state === 'missing')
  const tried = lacking.find(({ name }: { name: string }) => name === 'trial')
  // Where something else is missing nothing is tried.
  if (tried !== undefined) expect(tried.detail).toMatch(/^the sidecar/)
  else expect(lacking.length).toBeGreaterThan(0)
})
