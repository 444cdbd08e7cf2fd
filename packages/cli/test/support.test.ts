/** The support archive: secrets are planted wherever a configuration, a log or a rule can have one, and none gets into it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TRANSPORTS } from '@falc/outputs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CANARY, filled } from '../../outputs/test/transports/secret-options.ts'
import { loadConfig } from '../src/config/config.ts'
import { FALCO_YAML } from '../src/config/keys/falco-yaml.ts'
import { keysOf } from '../src/config/section.ts'
import { maskedConfig } from '../src/support/masked.ts'
import { startFalc } from './process.ts'

let dir = ''
let server: Server
let env: Record<string, string>
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'falc-support-'))
  server = createServer((_, response) => response.end('falc_events_total 7\n'))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  mkdirSync(join(dir, 'bin'))
  env = { PATH: `${join(dir, 'bin')}:${process.env.PATH}`, FALC_TEST_SECRET: CANARY }
  writeFileSync(
    join(dir, 'r.yaml'),
    `- {rule: A rule, desc: ${CANARY}, condition: evt.type = open, output: ${CANARY}, priority: INFO}\n`,
  )
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true })
})

function journal(lines: readonly string[]): void {
  writeFileSync(join(dir, 'journal'), lines.map(line => `${line}\n`).join(''))
  writeFileSync(join(dir, 'bin/journalctl'), `#!/bin/sh\ncat '${join(dir, 'journal')}'\n`, { mode: 0o755 })
}

/** Runs falc support. @returns the parts of its archive by name */
async function bundle(config: object): Promise<Record<string, string>> {
  writeFileSync(join(dir, 'falco.yaml'), JSON.stringify(config))
  const { exit, output } = startFalc(['support', '-c', 'falco.yaml', '--out', 'out.tar.gz'], dir, env)
  expect(await exit, output.stderr).toBe(0)
  expect(output.stdout + output.stderr).not.toContain(CANARY)
  const path = join(dir, 'out.tar.gz')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const names = execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).trim().split('\n')
  return Object.fromEntries(names.map(name => [name, execFileSync('tar', ['-xzOf', path, name], { encoding: 'utf8' })]))
}

test('the archive has what helps a diagnosis, and no secret', async () => {
  const outputs = TRANSPORTS.filter(({ type }) => type !== 'store').map(({ type, options }) => ({
    ...{ name: `own-${type}`, type },
    ...filled(options),
  }))
  const url = `http://${CANARY}:${CANARY}@127.0.0.1:9/hooks/${CANARY}?token=${CANARY}`
  journal([
    'Fri May  4 10:20:30 2026: Detecting with 1 rule',
    `Fri May  4 10:20:31 2026: Warning: http output: ${url}: 500`,
    `Fri May  4 10:20:31 2026: Warning: program: sh -c '${CANARY}' ended`,
    `10:20:32.000000000: Warning curl -H "Authorization: ${CANARY}"`,
    `{"output":"${CANARY}"}`,
    'falc-probe: serves 1234 of user 0',
  ])
  const parts = await bundle({
    rules_files: ['r.yaml'],
    outputs,
    http_output: { enabled: true, url },
    program_output: { enabled: true, program: `sh -c '${CANARY}'` },
    static_fields: { key: CANARY },
    append_output: [{ extra_output: CANARY }],
    plugins: [
      {
        name: 'k8saudit',
        open_params: `nats://u:${CANARY}@127.0.0.1:4222/${CANARY}`,
        init_config: { tokenFile: '/nonexistent' },
      },
    ],
    load_plugins: [],
    updates: { indexes: [`https://u:${CANARY}@127.0.0.1/${CANARY}`] },
    console: { oidc: { issuer: `https://127.0.0.1/${CANARY}` } },
    webserver: {
      enabled: true,
      prometheus_metrics_enabled: true,
      listen_address: '127.0.0.1',
      listen_port: (server.address() as AddressInfo).port,
    },
  })
  const { problem, keys } = JSON.parse(parts['configuration.json']!)
  expect(problem).toBeUndefined()
  for (const [name, text] of Object.entries(parts)) expect(text, name).not.toContain(CANARY)
  for (const form of ['base64', 'hex'] as const)
    expect(JSON.stringify(parts)).not.toContain(Buffer.from(CANARY).toString(form))
  expect(parts['metrics.txt']).toBe('falc_events_total 7\n')
  expect(parts['log.txt']!.split('\n')).toEqual([
    'Fri May  4 10:20:30 2026: Detecting with 1 rule',
    expect.stringMatching(/^Fri May {2}4 10:20:31 2026: Warning: http output: \*\*\*/),
    expect.stringMatching(/^Fri May {2}4 10:20:31 2026: Warning: program: \*\*\*/),
    'falc-probe: serves 1234 of user 0',
    '',
  ])
  expect(JSON.parse(parts['rules.json']!)).toMatchObject([
    { file: 'r.yaml', rules: ['A rule'], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  expect(JSON.parse(parts['versions.json']!)).toMatchObject({ node: process.version })
  expect(JSON.parse(parts['doctor.json']!).length).toBeGreaterThan(5)
  expect(keys).toMatchObject({ 'http_output.url': '***', 'program_output.program': '***', 'webserver.enabled': true })
  expect(keys.outputs.map(({ type }: { type: string }) => type)).toEqual(outputs.map(({ type }) => type))
})

test('an invalid configuration gives no secret away either', async () => {
  journal([`Fri May  4 10:20:31 2026: Warning: http output: ${CANARY}: 500`])
  const parts = await bundle({ http_output: { enabled: CANARY, url: 'http://127.0.0.1' } })
  for (const [name, text] of Object.entries(parts)) expect(text, name).not.toContain(CANARY)
  expect(JSON.parse(parts['configuration.json']!).problem).toContain('http_output.enabled')
})

test('a password may hold a bare %', async () => {
  journal([`Fri May  4 10:20:31 2026: Warning: http output: 5% of ${CANARY}%: 500`])
  const parts = await bundle({ http_output: { enabled: true, url: `http://u:${CANARY}%@127.0.0.1:9/` } })
  for (const [name, text] of Object.entries(parts)) expect(text, name).not.toContain(CANARY)
})

test('a missing journal is noted, and a long one is cut to its last 256 KiB', async () => {
  writeFileSync(join(dir, 'bin/journalctl'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  expect((await bundle({}))['log.txt']).toMatch(/^the journal cannot be read: /)
  journal(Array.from({ length: 50_000 }, (_, i) => `Fri May  4 10:20:30 2026: line ${i}`))
  const parts = await bundle({})
  expect(parts['log.txt']).toMatch(/line 49999\n$/)
  expect(readFileSync(join(dir, 'out.tar.gz')).length).toBeLessThan(parts['log.txt']!.length)
  expect(parts['log.txt']!.length).toBeLessThanOrEqual(256 * 1024)
})

test('a symbolic link as target is refused, and an existing file becomes readable by its owner only', async () => {
  writeFileSync(join(dir, 'theirs'), 'kept')
  symlinkSync('theirs', join(dir, 'link.tar.gz'))
  const { exit, output } = startFalc(['support', '--out', 'link.tar.gz'], dir, env)
  expect([await exit, output.stderr]).toEqual([1, 'Error: link.tar.gz: it is a symbolic link\n'])
  expect(readFileSync(join(dir, 'theirs'), 'utf8')).toBe('kept')
  writeFileSync(join(dir, 'out.tar.gz'), 'x'.repeat(1 << 20))
  chmodSync(join(dir, 'out.tar.gz'), 0o666)
  await bundle({})
})

test('each free-text key whose name suggests a secret is marked as secret', () => {
  const texts = keysOf(FALCO_YAML).filter(
    ({ key }) => key.kind.schema.type === 'string' && key.kind.schema.enum === undefined,
  )
  const suspicious = texts.filter(
    ({ path, key }) =>
      !key.secret && /pass|secret|token|key$|url|program|command/i.test(path) && !/file|_key$|certificate/.test(path),
  )
  expect(suspicious.map(({ path }) => path)).toEqual([])
})

test('the masked configuration shows only what is set', () => {
  expect(maskedConfig(loadConfig(undefined, ['priority=error']))).toEqual({
    priority: 'Error',
    'stdout_output.enabled': true,
    plugins: [],
  })
})
