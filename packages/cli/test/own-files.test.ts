/** A long-running falc outlives its files: an upgrade replaces them before the service is restarted. */
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { startFalc } from './process.ts'

test('falc run reloads, reports errors, serves HTTP and exits after its own files are deleted', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-own-files-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const installed = join(dir, 'installed')
  const bundle = dirname(FALC.at(-1)!)
  cpSync(bundle, join(installed, 'bundle'), { recursive: true })
  cpSync(join(bundle, '../package.json'), join(installed, 'package.json'))
  const rule = (verb: string) =>
    `- {rule: ${verb}, desc: d, condition: ka.verb = ${verb}, output: "${verb} by %ka.user.name", priority: WARNING, source: k8s_audit}\n`
  writeFileSync(join(dir, 'rules.yaml'), rule('get'))
  let reads = 0
  const read = (verb: string, user: string) =>
    appendFileSync(
      join(dir, 'audit.jsonl'),
      `{"kind":"Event","auditID":"${++reads}","verb":"${verb}","stage":"ResponseComplete","user":{"username":"${user}"}}\n`,
    )
  read('get', 'ann')
  const port = await freePort()
  const web = `webserver={enabled: true, listen_address: 127.0.0.1, listen_port: ${port}, prometheus_metrics_enabled: true}`
  const store = `outputs[]={name: history, type: store, path: ${dir}/alerts.db}`
  let requests = 0
  const receiver = createServer((_, response) => void response.end(String(++requests))).listen(0, '127.0.0.1')
  onTestFinished(() => void receiver.close())
  await once(receiver, 'listening')
  const hook = `outputs[]={name: hook, type: webhook, url: "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/"}`
  const flags = [
    'run',
    '-r',
    'rules.yaml',
    '--k8s-audit',
    'audit.jsonl',
    '--follow',
    '--from-start',
    '-o',
    web,
    '-o',
    store,
    '-o',
    hook,
  ]
  const options = { main: join(installed, 'bundle/main.cjs') }
  const falc = startFalc(flags, dir, { NODE_DISABLE_COMPILE_CACHE: '1' }, options)
  onTestFinished(() => void falc.child.kill('SIGKILL'))
  await falc.sees('get by ann')

  rmSync(installed, { recursive: true })
  const url = `http://127.0.0.1:${port}`
  for (const page of ['healthz', 'versions', 'metrics']) expect((await fetch(`${url}/${page}`)).status).toBe(200)
  // At this rate, a separate thread makes the requests.
  for (let i = 0; i < 100; i++) read('get', 'ann')
  await eventually(() => expect(requests).toBe(101))
  appendFileSync(join(dir, 'audit.jsonl'), 'no JSON\n')
  await falc.sees('bad-json at line 102')
  writeFileSync(join(dir, 'rules.yaml'), '- rule: [')
  falc.child.kill('SIGHUP')
  await falc.sees('Reload failed')
  writeFileSync(join(dir, 'rules.yaml'), rule('list'))
  falc.child.kill('SIGHUP')
  await falc.sees('Reloaded configuration and rules')
  read('list', 'bob')
  await falc.sees('list by bob')
  // The store is reopened with a new thread; alerts of the rule that is loaded next go through it.
  falc.child.kill('SIGUSR1')
  writeFileSync(join(dir, 'rules.yaml'), rule('delete'))
  falc.child.kill('SIGHUP')
  const stored = async () => {
    const search = startFalc(['alerts', 'search', '--db', 'alerts.db'], dir)
    await search.exit
    return search.output.stdout
  }
  await eventually(async () => {
    read('delete', 'cat')
    expect(await stored()).toContain('delete by cat')
  })
  falc.child.kill('SIGTERM')
  expect(await falc.exit, falc.output.stderr).toBe(0)
  expect(falc.output.stderr).toContain('k8s_audit: bad-json: 1')
  expect(falc.output.stderr).not.toContain('hook: ')
})
