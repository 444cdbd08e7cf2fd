/** `falc run` on the running machine. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FALC } from '../../../scripts/testing/command.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { type Started, startFalc } from './process.ts'
import { waited } from './waited.ts'

const reason = noLive()

/** Nanoseconds of an RFC 3339 time: Date parses the milliseconds, and the further digits are added. */
const nanoseconds = (time: string) =>
  BigInt(Date.parse(time)) * 1_000_000n + BigInt(time.slice('2026-01-01T00:00:00.000'.length, -1))

describe.skipIf(reason !== undefined)('system calls of this machine', () => {
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

  test('one act raises one alert, with the fields of the rule', async () => {
    const run = await start('-o', 'engine.modern_ebpf.buf_size_preset=6')
    read('secret')
    await run.sees('first:')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(alerts(run).map(line => line.replace(/^\S+ /, ''))).toEqual([
      `Notice first: cat ${join(dir, 'secret')} opened ${join(dir, 'secret')} as root`,
    ])
    expect(run.output.stderr).toContain('Events detected: 1')
    // Events of other processes that flood may be lost.
    expect(run.output.stderr).not.toMatch(/syscall: drop(?!Flood)/)
  })

  test('a program started by program_output raises no alerts; they are counted', async () => {
    const program = `cat ${join(dir, 'secret')} && touch ${join(dir, 'ran')}`
    const run = await start('-o', 'program_output.enabled=true', '-o', `program_output.program=${program}`)
    read('secret')
    await run.sees('first:')
    await until('the program has run', () => existsSync(join(dir, 'ran')))
    // An act of another process still raises an alert, after those of the program.
    spawnSync('head', [join(dir, 'secret')])
    await run.sees('first: head')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(alerts(run)).toHaveLength(2)
    expect(run.output.stderr).toMatch(/Alerts not sent:\n {3}about outputs' own processes: [12]\n/)
  })

  test('with --user the engine runs without privileges', async () => {
    const run = await start('--user', 'nobody')
    const status = readFileSync(`/proc/${run.child.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    read('secret')
    await run.sees('first:')
  })

  test('reloaded rules change which calls are recorded', async () => {
    const run = await start()
    const wanted = `- {rule: second, desc: d, condition: evt.type = umask and proc.name = sh, output: "second: %evt.type", priority: NOTICE}\n`
    writeFileSync(join(dir, 'rules.yaml'), wanted)
    await run.sees('Reloaded')
    await repeating(() => spawnSync('sh', ['-c', 'umask 022']), run.sees('second: umask'))
  })

  test('a reload keeps the state of threads and descriptors', async () => {
    const run = await start()
    // The descriptor is opened, and the shell started, under the old rules.
    const script = 'exec 3<"$0"; while read line; do cat <&3; done'
    const shell = spawn('sh', ['-c', script, join(dir, 'secret')], { stdio: ['pipe', 'ignore', 'inherit'] })
    await run.sees('first: sh')
    writeFileSync(
      join(dir, 'rules.yaml'),
      `- {rule: second, desc: d, condition: "evt.type = read and fd.name = ${join(dir, 'secret')}", output: "second: %proc.name below %proc.pname read %fd.name", priority: NOTICE}\n`,
    )
    await run.sees('Reloaded')
    const seen = run.sees(`second: cat below sh read ${join(dir, 'secret')}`)
    await repeating(() => shell.stdin!.write('\n'), seen)
    shell.stdin!.end()
  })

  test('broken rules leave the previous ones in force', async () => {
    const run = await start()
    writeFileSync(join(dir, 'rules.yaml'), '- rule: broken\n  condition: evt.type = open and\n')
    await run.sees('Reload failed, the previous configuration and rules stay in force')
    await run.sees('Falco internal: hot restart failure')
    read('secret')
    await run.sees('first:')
  })

  test('the exit action of syscall_event_drops ends the run as in Falco', async () => {
    const drops = 'syscall_event_drops={simulate_drops: true, actions: [log, alert, exit]}'
    const run = await start('-o', drops, '-o', 'json_output=true', '-o', 'log_level=debug')
    expect(await run.exit).toBe(1)
    const alert = alerts(run)
      .map(line => JSON.parse(line))
      .find(one => one.source === 'internal')
    expect(alert).toMatchObject({
      rule: 'Falco internal: syscall event drop',
      priority: 'Debug',
      output_fields: { n_drops_buffer_total: '0', n_drops_bug: '0', ebpf_enabled: '1' },
    })
    expect(alert.output).toMatch(/^Falco internal: syscall event drop\. \d+ system calls dropped in last second\.$/)
    expect(alert.output_fields.n_evts).toMatch(/^\d+$/)
    const { stderr } = run.output
    expect(stderr).toMatch(/Simulating syscall event drop\n/)
    expect(stderr).toMatch(/: Exiting\.\n/)
    expect(stderr).toContain('   - event drop detected: 1 occurrences\n   - num times actions taken: 1\n')
    expect(stderr).toMatch(/Error: Drop manager internal error\n$/)
  })

  test('lost events are reported by syscall_event_drops', async () => {
    writeFileSync(join(dir, 'rules.yaml'), rule('first', join(dir, 'secret')))
    const drops = 'syscall_event_drops={threshold: 0, actions: [alert], rate: 1, max_burst: 10}'
    const small = ['-o', 'engine.modern_ebpf.buf_size_preset=1', '-o', 'engine.modern_ebpf.cpus_for_each_buffer=0']
    const run = await start('-o', drops, ...small, '-o', 'json_output=true', '-o', 'base_syscalls.all=true')
    // The ring is not read meanwhile: a mebibyte is soon full.
    run.child.kill('SIGSTOP')
    const busy = 'i=0; while [ $i -lt 40000 ]; do i=$((i+1)); [ -e /etc/hostname ]; done'
    spawnSync('sh', ['-c', busy])
    run.child.kill('SIGCONT')
    await run.sees('Falco internal: syscall event drop')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    const told = alerts(run)
      .map(line => JSON.parse(line))
      .filter(one => one.rule === 'Falco internal: syscall event drop')
    for (const { output, output_fields: fields } of told) {
      const number = (name: string) => Number(fields[name])
      expect(number('n_drops')).toBeGreaterThan(0)
      expect(number('n_evts')).toBeGreaterThanOrEqual(number('n_drops'))
      const causes = ['n_drops_buffer_full', 'n_drops_buffer_pressure', 'n_drops_buffer_full_first'].map(number)
      expect(causes.reduce((sum, count) => sum + count)).toBe(number('n_drops_buffer_total'))
      expect(output).toContain(`. ${fields.n_drops} system calls dropped in last second.`)
      if (number('n_drops_flood') > 0) expect(fields.flooder).toMatch(/^\S+\(\d+\)$/)
    }
    expect(run.output.stderr).toMatch(
      /Syscall event drop monitoring:\n {3}- event drop detected: [1-9]\d* occurrences\n/,
    )
    expect(run.output.stderr).toMatch(/syscall: drop(Full|Pressure|Flood): [1-9]/)
  })

  test.each(['openat', 'exec'])('a flood of %s is reported within a second, plus waits for a CPU', async call => {
    const flood = join(dir, 'flood')
    const source = new URL('../../sources-syscall/test/live/attacks/flood.c', import.meta.url)
    spawnSync('cc', ['-pthread', fileURLToPath(source), '-o', flood])
    const small = ['-o', 'engine.modern_ebpf.buf_size_preset=1']
    const run = await start(...small, '-o', 'json_output=true', '-o', 'base_syscalls.all=true')
    const before = waited(run.child.pid!)
    const flooding = spawn(flood, [call, '120', '2', '4'], { stdio: 'ignore', detached: true })
    try {
      await run.sees('"loss_began"')
    } finally {
      process.kill(-flooding.pid!, 'SIGKILL')
    }
    const alert = JSON.parse(run.output.stdout.split('\n').find(line => line.includes('"loss_began"'))!)
    const { n_drops, loss_began } = alert.output_fields
    expect(Number(n_drops)).toBeGreaterThan(0)
    // Both times are from the clock of this machine: the start of the loss, and the alert.
    const blind = nanoseconds(alert.time) - nanoseconds(loss_began)
    expect(blind).toBeGreaterThan(0n)
    expect(blind).toBeLessThanOrEqual(1_000_000_000n + waited(run.child.pid!) - before)
  })

  test('alerts that a full queue rejects are counted', async () => {
    const blocked = 'program_output={enabled: true, program: "exec sleep 1000"}'
    const run = await start('-o', blocked, '-o', 'outputs_queue.capacity=1', '-o', 'output_timeout=300')
    for (let i = 0; i < 10; i++) read('secret')
    await run.sees('program: outputs queue full')
    await run.sees('"program" output timeout, the output channel is blocked')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(run.output.stderr).toMatch(/program: queue_full: [1-9]\n/)
    // On a busy machine the last ones may not have been read yet when it is stopped.
    const detected = Number(/Events detected: (\d+)/.exec(run.output.stderr)?.[1])
    expect(detected).toBeGreaterThan(2)
    // Standard output has its own queue, which also holds one alert.
    const lost = Number(/stdout: queue_full: (\d+)/.exec(run.output.stderr)?.[1] ?? 0)
    expect(alerts(run).length + lost).toBe(detected)
  })

  test('metrics have the counters of the kernel and of the state', async () => {
    const metrics = 'metrics={enabled: true, interval: 500ms, output_file: metrics.jsonl, include_empty_values: true}'
    const run = await start('-o', metrics)
    read('secret')
    const snapshots = () =>
      existsSync(join(dir, 'metrics.jsonl'))
        ? readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
            .split('\n')
            .slice(0, -1)
            .map(line => JSON.parse(line).output_fields)
        : []
    // One with the alert, and one before it.
    await until('snapshots', () => snapshots().length > 1 && snapshots().at(-1)['falco.rules.first'] === 1)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    const [before, after] = snapshots().slice(-2)
    expect(after).toMatchObject({ 'scap.engine_name': 'modern_bpf', 'evt.source': 'syscall', 'falco.rules.first': 1 })
    expect(after['scap.n_evts_prev']).toBe(before['scap.n_evts'])
    expect(after['scap.n_evts']).toBeGreaterThan(0)
    expect(after['falco.num_evts']).toBeGreaterThan(0)
    for (const name of ['n_threads', 'n_fds', 'n_added_threads']) expect(after[`falco.${name}`]).toBeGreaterThan(1)
    for (const name of ['n_drops', 'n_drops_buffer_total', 'n_drops_scratch_map', 'n_drops_bug', 'n_drops_perc'])
      expect(after).toHaveProperty([`scap.${name}`])
  })

  test('falc doctor tries a live capture', async () => {
    falc = startFalc(['doctor', '--json'], dir)
    expect(await falc.exit).toBe(0)
    const { live, findings } = JSON.parse(falc.output.stdout)
    expect(live).toBe(true)
    expect(findings.at(-1)).toMatchObject({ name: 'trial', state: 'ok' })
    expect(findings.at(-1).detail).toMatch(
      /^the start of a program was seen after \d+ ms; \d+ threads were known before;\n(the kernel reports the files that )?unlink, rename /,
    )
  })

  test('falc doctor works in a pid namespace', async () => {
    const inside = ['--pid', '--fork', '--mount-proc', ...FALC, 'doctor', '--json']
    const { stdout } = spawnSync('unshare', inside, { cwd: dir, encoding: 'utf8' })
    expect(JSON.parse(stdout).findings.at(-1)).toMatchObject({ name: 'trial', state: 'ok' })
  })

  test('failed calls are dropped with drop_failed_exit', async () => {
    const failing = `- {rule: failing, desc: d, condition: "evt.type in (open, openat) and evt.arg.name contains ${dir} and evt.failed = true", output: "failing: %evt.arg.name", priority: NOTICE}\n`
    writeFileSync(join(dir, 'rules.yaml'), rule('first', join(dir, 'secret')) + failing)
    const run = await start()
    read('missing')
    await run.sees('failing:')
    run.child.kill('SIGINT')
    await run.exit
    const without = await start('-o', 'engine.modern_ebpf.drop_failed_exit=true')
    read('missing')
    read('secret')
    await without.sees('first:')
    expect(without.output.stdout).not.toContain('failing')
  })

  test('messages of the source are logged unless libs_logger is off, and a full thread table is reported', async () => {
    const options = ['-o', 'base_syscalls.custom_set[]=opne', '-o', 'falco_libs.thread_table_size=1']
    // Threads that the table has no room for may come only after the run was stopped.
    await until('a run with a full table', async () => {
      const run = await start(...options)
      expect(run.output.stderr).toContain('[libs]: base_syscalls.custom_set: there is no system call opne\n')
      read('secret')
      run.child.kill('SIGINT')
      await run.exit
      return /syscall: threadTableFull: \d+\n/.test(run.output.stderr)
    })
    const silent = await start(...options, '-o', 'libs_logger.enabled=false')
    expect(silent.output.stderr).not.toContain('opne')
  })
})

/** Repeats an act until it is seen: the probe may need a moment for calls that it did not record before. */
async function repeating(act: () => unknown, seen: Promise<void>): Promise<void> {
  const timer = setInterval(act, 200)
  try {
    await seen
  } finally {
    clearInterval(timer)
  }
}

function rule(name: string, path: string): string {
  return (
    `- {rule: ${name}, desc: d, condition: "evt.type in (open, openat) and fd.name = ${path}", ` +
    `output: "${name}: %proc.cmdline opened %fd.name as %user.name", priority: NOTICE}\n`
  )
}
