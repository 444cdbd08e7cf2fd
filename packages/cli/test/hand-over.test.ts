/** `falc run --hand-over`: what the second engine of an upgrade omits. For the upgrade see scripts/packaging/stranger.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { besideAnother } from '../src/run/hand-over.ts'
import { startFalc } from './process.ts'

test('nothing that only one process can hold is opened, and a warning lists what is left out', () => {
  const config = loadConfig(undefined, [
    ...['webserver.enabled=true', 'console.enabled=true', 'metrics.enabled=true', 'response.playbooks[0]=p.yaml'],
    'outputs[]={name: kept, type: file, path: a.log, queue: {disk: /q, max_alerts: 7}}',
    ...['stream', 'prometheus'].map(type => `outputs[]={name: ${type}, type: ${type}}`),
  ])
  const beside = besideAnother(config)
  expect([beside.webserver, beside.console, beside.metrics].map(({ enabled }) => enabled)).toEqual([
    false,
    false,
    false,
  ])
  expect(beside.response.playbooks).toEqual([])
  expect(beside.outputs.map(({ name }) => name)).toEqual(['kept'])
  expect(beside.outputs[0]!.queue).toEqual({ ...config.outputs[0]!.queue, disk: undefined })
  expect(beside.warnings.filter(text => !config.warnings.includes(text))).toEqual([
    '--hand-over: another engine has the web server, the console, playbooks, output stream, output prometheus, queues on disk; this one goes without',
  ])
})

test('outputs that several processes can open stay as configured', () => {
  const config = loadConfig(undefined, [
    'file_output={enabled: true, filename: a.log}',
    'outputs[]={name: db, type: store, path: a.db}',
  ])
  expect(besideAnother(config)).toEqual(config)
})

test('with no system calls to watch, it reports that it is ready and exits without an error', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-hand-over-'))
  try {
    const rule = {
      rule: 'r',
      desc: 'd',
      condition: 'ka.verb = get',
      output: 'o',
      priority: 'NOTICE',
      source: 'k8s_audit',
    }
    writeFileSync(join(dir, 'rules.yaml'), JSON.stringify([rule]))
    const { exit, output } = startFalc(['run', '--hand-over', '-r', 'rules.yaml', '-o', 'engine.kind=nodriver'], dir)
    expect(await exit).toBe(0)
    expect(output.stderr).toContain('--hand-over: no system calls are watched here')
    expect(output.stderr).toContain('Detecting with 1 rule')
  } finally {
    rmSync(dir, { recursive: true })
  }
})
