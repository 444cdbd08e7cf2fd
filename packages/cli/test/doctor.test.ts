import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { WIRE_VERSION } from '@falc/sources-syscall'
import { afterAll, describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { cannotCertify, certificates } from '../../outputs/test/transports/peer.ts'
import { loadConfig } from '../src/config/config.ts'
import { addressesOf } from '../src/doctor/addresses.ts'
import { certificateFindings } from '../src/doctor/certificates.ts'
import type { Finding } from '../src/machine/finding.ts'
import { kernelFindings } from '../src/machine/kernel.ts'
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
        ({ state, name, detail, remedy }) =>
          `${state} ${name}: ${detail}${remedy === undefined ? '' : ` → ${remedy}`}\n`,
      )
      expect(lines.join('')).toBe(sections.get('findings'))
    })
  })
}

test('a system other than Linux gets a single finding with state missing', () => {
  expect(kernelFindings({ root, release: '24.0.0', platform: 'darwin' })).toMatchObject([{ state: 'missing' }])
})

test('each missing part has a remedy, and the last line is the verdict', async () => {
  const env = { FALC_PROBE: '/no/such/probe' }
  const [text, json] = [startFalc(['doctor'], root, env), startFalc(['doctor', '--json'], root, env)]
  expect([await text.exit, await json.exit]).toEqual([1, 1])
  expect(text.output.stdout).toMatch(
    /^missing {3}sidecar +FALC_PROBE names \/no\/such\/probe, which is not there\n +→ npm install @falc\/probe-/m,
  )
  expect(text.output.stdout).toMatch(/\n\nfalc run does not work live here yet; it replays captures with -e FILE\.\n$/)
  const { live, findings } = JSON.parse(json.output.stdout)
  expect(live).toBe(false)
  for (const { state, remedy } of findings) expect(remedy === undefined).toBe(state === 'ok')
})

test('a configuration is checked: keys, rules, paths, ports, servers', async () => {
  const server = createServer()
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const check = async (yaml: string) => {
    writeFileSync(join(root, 'falco.yaml'), yaml)
    const { exit, output } = startFalc(['doctor', '-c', 'falco.yaml', '--json'], root, { FALC_PROBE: '/no/such/probe' })
    await exit
    const { usable, findings } = JSON.parse(output.stdout) as { usable: boolean; findings: Finding[] }
    const own = findings.slice(findings.findIndex(({ name }) => name === 'configuration'))
    return { usable, lines: own.map(({ state, name, detail }) => `${state} ${name}: ${detail.split('\n')[0]}`) }
  }
  writeFileSync(
    join(root, 'good.yaml'),
    '- {rule: r, desc: d, condition: evt.type = open, output: o, priority: INFO}\n',
  )
  symlinkSync('loop', join(root, 'loop'))
  writeFileSync(join(root, 'bad.yaml'), '- {rule: r, desc: d, condition: evt.type =, output: o, priority: INFO}\n')
  expect(
    await check(`rules_files: [good.yaml, none.yaml]
colour: red
webserver: {enabled: true, listen_address: 127.0.0.1, listen_port: ${port}}
file_output: {enabled: true, filename: no/such/folder/alerts.log}
response: {playbooks: [none.yaml], folder: no/such/folder/response}
outputs:
  - {name: db, type: store, path: no/such/folder/alerts.db, queue: {disk: no/such/folder/queue}}
  - {name: off, type: store, path: no/such/folder/alerts.db, enabled: false}
  - {name: looping, type: store, path: loop/alerts.db, queue: {disk: good.yaml}}
  - {name: logs, type: loki, url: "http://127.0.0.1:${port}"}
http_output: {enabled: true, url: "http://127.0.0.1:${port}/alerts", ca_cert: none.pem}
`),
  ).toEqual({
    usable: false,
    lines: [
      'optional configuration: falco.yaml:2:1: unknown key colour',
      'optional rules: 1 rule in 1 file; skipped: none.yaml',
      'missing http_output.ca_cert: none.pem cannot be read: ENOENT',
      'missing response.playbooks: none.yaml cannot be read: ENOENT',
      // falc makes these two with the folders above them.
      'ok response.folder: no/such/folder/response',
      'missing output db: path: no/such/folder/alerts.db cannot be written: ENOENT',
      'ok output db: queue.disk: no/such/folder/queue',
      'missing output looping: path: loop/alerts.db cannot be written: ELOOP',
      'missing output looping: queue.disk: good.yaml cannot be written: ENOTDIR',
      'missing file_output.filename: no/such/folder/alerts.log cannot be written: ENOENT',
      `missing webserver: 127.0.0.1:${port}: EADDRINUSE`,
      `ok http_output.url: http://127.0.0.1:${port} accepts connections`,
      `ok output logs: http://127.0.0.1:${port} accepts connections`,
    ],
  })
  await new Promise(resolve => server.close(resolve))
  expect(
    await check(`rules_files: [good.yaml]
webserver: {enabled: true, listen_address: 127.0.0.1, listen_port: ${port}}
file_output: {enabled: true, filename: alerts.log}
http_output: {enabled: true, url: "http://127.0.0.1:${port}/alerts"}
`),
  ).toEqual({
    usable: true,
    lines: [
      'ok configuration: falco.yaml',
      'ok rules: 1 rule in 1 file',
      'ok file_output.filename: alerts.log',
      `ok webserver: 127.0.0.1:${port} is free`,
      `optional http_output.url: http://127.0.0.1:${port}: ECONNREFUSED`,
    ],
  })
  expect(await check('rules_files: [bad.yaml]\n')).toMatchObject({
    usable: false,
    lines: ['ok configuration: falco.yaml', 'missing rules: bad.yaml: Invalid'],
  })
  expect(await check('rules_files: [\n')).toMatchObject({ usable: false })
})

test('the trial finds a sidecar that exits at once', async () => {
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
  // The trial is skipped if something else is missing.
  if (tried !== undefined) expect(tried.detail).toMatch(/^the sidecar/)
  else expect(lacking.length).toBeGreaterThan(0)
})

test.skipIf(cannotCertify())('certificates are reported as valid, about to expire, expired or unreadable', () => {
  const { cert, key, ca } = certificates()
  const options = [`admission.certificate=${cert}`, `admission.client_ca=${join(root, 'none.pem')}`]
  const config = loadConfig(undefined, [
    ...options,
    `outputs[0]={name: hook, type: webhook, url: "https://a.example/x", tls_ca: "${ca}", tls_cert: "${cert}", tls_key: "${key}"}`,
  ])
  const at = (days: number) =>
    certificateFindings(config, Date.now() + days * 86_400_000).map(({ name, state, detail }) => [
      ...[name, state, detail.replaceAll(/\S+\//g, '')],
    ])
  expect(at(0)).toEqual([
    ['admission.certificate', 'optional', 'server.pem is valid for 1 day'],
    ['admission.client_ca', 'missing', expect.stringContaining('none.pem cannot be read')],
    ['output hook', 'optional', 'ca.pem is valid for 1 day'],
    ['output hook', 'optional', 'server.pem is valid for 1 day'],
  ])
  expect(certificateFindings(config).map(({ days }) => days)).toContain(1)
  expect(at(-30)[0]).toEqual(['admission.certificate', 'ok', 'server.pem is valid for 31 days'])
  expect(at(3)[0]).toEqual(['admission.certificate', 'missing', 'server.pem has expired'])
  expect(addressesOf(config)).toEqual([
    { output: 'hook', shown: 'https://a.example:443', host: 'a.example', port: 443 },
  ])
})
