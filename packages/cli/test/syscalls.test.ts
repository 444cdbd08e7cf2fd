/** `falc run` on the running machine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noLive } from './machine.ts'
import { type Started, startFalc } from './process.ts'

const reason = noLive()

describe.skipIf(reason !== undefined)('system calls of this machine', { timeout: 60_000 }, () => {
  let dir: string
  let falc: Started | undefined
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'falc-run-'))
    writeFileSync(join(dir, 'rules.yaml'), rule('first', join(dir, 'secret')))
    writeFileSync(join(dir, 'secret'), 'x')
  })
  afterEach(async () => {
    falc?.child.kill('SIGKILL')
    await falc?.exit
    falc = undefined
    rmSync(dir, { recursive: true })
  })

  async function start(...args: string[]): Promise<Started> {
    falc = startFalc(['run', '-r', 'rules.yaml', ...args], dir)
    await falc.sees('Opening event source')
    return falc
  }
  const read = (name: string) => spawnSync('cat', [join(dir, name)])
  const alerts = ({ output }: Started) => output.stdout.split('\n').slice(0, -1)

  test('one act gives one alert, with what the rule asks for', async () => {
    const run = await start()
    read('secret')
    await run.sees('first:')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(alerts(run).map(line => line.replace(/^\S+ /, ''))).toEqual([
      `Notice first: cat ${join(dir, 'secret')} opened ${join(dir, 'secret')} as root`,
    ])
    expect(run.output.stderr).toContain('Events detected: 1')
    expect(run.output.stderr).not.toContain('drop')
  })

  test('with --user the engine goes on without privilege', async () => {
    const run = await start('--user', 'nobody')
    const status = readFileSync(`/proc/${run.child.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    read('secret')
    await run.sees('first:')
  })

  test('rules that are loaded anew change what is recorded', async () => {
    const run = await start()
    const wanted = `- {rule: second, desc: d, condition: evt.type = umask and proc.name = sh, output: "second: %evt.type", priority: NOTICE}\n`
    writeFileSync(join(dir, 'rules.yaml'), wanted)
    await run.sees('Reloaded')
    spawnSync('sh', ['-c', 'umask 022'])
    await run.sees('second: umask')
  })
})

function rule(name: string, path: string): string {
  return (
    `- {rule: ${name}, desc: d, condition: "evt.type in (open, openat) and fd.name = ${path}", ` +
    `output: "${name}: %proc.cmdline opened %fd.name as %user.name", priority: NOTICE}\n`
  )
}
