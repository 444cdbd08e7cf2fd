/** What falc prints about a configuration that contains every secret that an output can have. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TRANSPORTS } from '@falc/outputs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CANARY, filled } from '../../outputs/test/transports/secret-options.ts'
import { startFalc } from './process.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-secrets-'))
  const outputs = TRANSPORTS.filter(({ type }) => type !== 'store').map(({ type, options }) => ({
    ...{ name: `own-${type}`, type },
    ...filled(options),
  }))
  const http_output = { enabled: true, url: `http://user:${CANARY}@127.0.0.1:9/${CANARY}` }
  writeFileSync(join(dir, 'falco.yaml'), JSON.stringify({ rules_files: ['r.yaml'], outputs, http_output }))
  writeFileSync(join(dir, 'r.yaml'), '- {rule: r, desc: d, condition: evt.type = open, output: o, priority: INFO}\n')
})
afterAll(() => rmSync(dir, { recursive: true }))

test.each([
  ['--support'],
  ['--support', '-o', `http_output.url=http://127.0.0.1/${CANARY}`, `-ohttp_output.user_agent=${CANARY}`],
  ['outputs'],
  ['run', '--dry-run'],
])('falc %s %s %s shows no secret', async (...args) => {
  const { exit, output } = startFalc([...args, '-c', 'falco.yaml'], dir)
  await exit
  expect(`${output.stdout}${output.stderr}`.length).toBeGreaterThan(100)
  expect(output.stdout + output.stderr).not.toContain(CANARY)
})
