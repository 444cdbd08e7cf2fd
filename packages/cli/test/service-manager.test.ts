/** The notifications that systemd would receive, read from a socket of the same kind by python3. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { type Started, startFalc } from './process.ts'

const tool = ['/usr/bin/systemd-notify', '/usr/bin/python3'].find(one => !existsSync(one))
const reason = skipped('systemd', tool && `the notifications of the service need ${tool}`)

const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`

const RULES = '- {rule: r, desc: d, condition: ka.verb = get, output: o, priority: INFO, source: k8s_audit}'

let dir: string
let receiver: ChildProcess
let received = ''
let falc: Started
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-notify-'))
  received = ''
})
afterEach(async () => {
  falc?.child.kill('SIGKILL')
  await falc?.exit
  receiver?.kill()
  rmSync(dir, { recursive: true })
})

test.skipIf(reason !== undefined)(
  'systemd is notified that the engine is ready, that it reloads, that it is alive, and that it stops',
  async () => {
    const socket = join(dir, 'notify')
    receiver = spawn('/usr/bin/python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    receiver.stdout!.setEncoding('utf8').on('data', text => (received += text))
    await until('the socket', () => received.includes('bound'))
    writeFileSync(join(dir, 'rules.yaml'), RULES)
    writeFileSync(join(dir, 'audit.jsonl'), '')
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' }
    falc = startFalc(['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir, env)
    await until('READY', () => received.includes('READY=1 STATUS=Detecting with 1 rule'))
    // A reload, one that fails, and a storm: each is announced, and ends before the next.
    const states = () => received.match(/READY=1|RELOADING=1/g)!.join(' ')
    falc.child.kill('SIGHUP')
    await until('the reload', () => states() === 'READY=1 RELOADING=1 READY=1')
    expect(received).toMatch(/RELOADING=1 MONOTONIC_USEC=\d+\n/)
    writeFileSync(join(dir, 'rules.yaml'), '- rule: broken')
    await until('the failure', () => falc.output.stderr.includes('Reload failed'))
    writeFileSync(join(dir, 'rules.yaml'), RULES)
    for (let i = 0; i < 100; i++) falc.child.kill('SIGHUP')
    await until('the reload after it', () => falc.output.stderr.split('Reloaded').length > 2)
    await until('the end of the storm', () => / READY=1$/.test(states()))
    expect(states().replaceAll('RELOADING=1 READY=1', '').trim()).toBe('READY=1')
    expect(states().split('RELOADING').length).toBeLessThan(50)
    const fed = () => received.split('WATCHDOG=1').length - 1
    await until('the watchdog', () => fed() >= 3)
    // A process that hangs no longer feeds the watchdog; notifications in flight still arrive.
    falc.child.kill('SIGSTOP')
    let before = -1
    await until('silence', async () => {
      if (before === fed()) return true
      before = fed()
      await new Promise(resolve => setTimeout(resolve, 1000))
      return false
    })
    falc.child.kill('SIGCONT')
    await until('the watchdog again', () => fed() > before)
    falc.child.kill('SIGTERM')
    await until('STOPPING', () => received.includes('STOPPING=1'))
    expect(await falc.exit).toBe(0)
    expect(falc.output.stderr).not.toContain('systemd-notify')
  },
)
