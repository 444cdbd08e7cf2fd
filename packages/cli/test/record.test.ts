import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MetadataOptions } from '@falc/sources-syscall'
import { afterAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { openRecorded } from '../src/recording/recorded.ts'
import { startFalc } from './process.ts'

const CAPTURES = fileURLToPath(new URL('../../../examples/captures', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'falc-record-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Fields that read events, threads, ancestors, descriptors, users and containers. */
const FORMAT =
  '%evt.time %evt.type %evt.args %proc.name %proc.pname %proc.aname %proc.cmdline %proc.cwd %proc.env %fd.name %fd.sip %fd.cip ' +
  '%fd.typechar %fd.is_server %fd.types %user.name %group.name %container.id %container.name %container.image %thread.cgroups'

async function falc(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const run = startFalc(args, dir)
  const code = await run.exit
  if (code !== 0) throw new Error(run.output.stderr)
  return run.output
}

async function printed(capture: string, ...args: string[]): Promise<string> {
  return (await falc('print', '-e', capture, '-p', FORMAT, ...args)).stdout
}

const lineCount = (text: string) => text.split('\n').length - 1

describe.each(['host-a.scap', 'container-a.scap'])('a recording of %s', name => {
  const original = join(CAPTURES, name)
  const copy = join(dir, `copy-${name}`)

  test('prints the same as the original', async () => {
    await falc('record', '-e', original, '-w', copy, '--gzip')
    const [one, other] = await Promise.all([printed(original), printed(copy)])
    expect(lineCount(one)).toBeGreaterThan(5000)
    expect(other === one).toBe(true)
  })

  test.each(['evt.type = openat and fd.name startswith /etc', 'evt.type in (execve, connect)', 'proc.name = cat'])(
    'filtered by %s prints the same as the filtered original',
    async filter => {
      const part = join(dir, `part-${name}`)
      const { stderr } = await falc('record', '-e', original, '-w', part, '--filter', filter)
      const [one, other] = await Promise.all([printed(original, '--filter', filter), printed(part)])
      expect(lineCount(one)).toBeGreaterThan(10)
      expect(other === one).toBe(true)
      expect(stderr).toMatch(
        new RegExp(`^${part}: ${lineCount(one)} events and \\d+ for the state only, \\d+ bytes\n$`),
      )
    },
  )
})

describe('captures around alerts', () => {
  const rules = (...keys: string[]) =>
    ['cat', 'grep'].map(
      (name, i) =>
        `- {rule: ${name}, desc: d, condition: evt.type = execve and proc.name = ${name}, output: "%evt.num %proc.cmdline", priority: NOTICE${keys[i] ?? ''}}\n`,
    )

  async function run(prefix: string, text: string, settings: string) {
    writeFileSync(join(dir, 'rules.yaml'), text)
    const options = [`capture={enabled: true, path_prefix: ${prefix}${settings}}`, 'json_output=true']
    const host = join(CAPTURES, 'host-a.scap')
    const { stdout } = await falc('run', '-r', 'rules.yaml', '-e', host, ...options.flatMap(option => ['-o', option]))
    const alerts = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    return { alerts, files: readdirSync(dir).filter(name => name.startsWith(`${prefix}_`)) }
  }

  test('are written for rules that request them, and named by the time and number of the event', async () => {
    const { alerts, files } = await run('own', rules(', capture: true, capture_duration: 1').join(''), '')
    const cats = alerts.filter(({ rule }) => rule === 'cat')
    expect(alerts.length).toBeGreaterThan(cats.length)
    expect(files.length).toBe(cats.length)
    for (const [i, file] of files.entries()) {
      const [, time, num] = /^own_(\d{20})_(\d{20})\.scap$/.exec(file)!
      expect([BigInt(time!), Number(num)]).toEqual([
        BigInt(Date.parse(cats[i].time.slice(0, 19).concat('Z'))) * 1_000_000n + BigInt(cats[i].time.slice(20, 29)),
        Number(cats[i].output_fields['evt.num']),
      ])
      // It contains the event itself, with the state of the machine.
      const { stdout } = await falc('print', '-e', file, '-p', '%evt.type %proc.name %proc.pname', '-n', '1')
      expect(stdout).toBe('execve cat bash\n')
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
    }
  })

  test('last as long as the rule says, or else the configuration', async () => {
    const { files } = await run('long', rules(', capture: true').join(''), ', default_duration: 400')
    const short = await run('short', rules(', capture: true, capture_duration: 1').join(''), ', default_duration: 400')
    const span = async (file: string) => JSON.parse((await falc('capture', 'info', file, '--json')).stdout)
    const [long, brief] = [await span(files[0]!), await span(short.files[0]!)]
    expect(long.seconds).toBeGreaterThan(0.2)
    // A second cat while the file is open extends it.
    expect(long.events).toBeGreaterThan(brief.events)
    expect(brief.seconds).toBeLessThan(0.001)
    expect(files.length).toBeLessThan(short.files.length)
  })

  test('are made for every rule in mode all_rules', async () => {
    const { files, alerts } = await run('all', rules().join(''), ', mode: all_rules, default_duration: 1')
    expect(files.length).toBe(alerts.length)
  })

  test('are not cut by a limit of gibibytes', async () => {
    const asking = rules(', capture: true').join('')
    const { files } = await run('large', asking, ', default_duration: 400, max_file_size_mb: 4096')
    const { files: free } = await run('free', asking, ', default_duration: 400')
    const sizes = (names: readonly string[]) => names.map(name => statSync(join(dir, name)).size)
    expect(sizes(files)).toEqual(sizes(free))
  })

  test('do not stop the detection when their folder is missing', async () => {
    const { alerts, files } = await run('none/x', rules(', capture: true').join(''), '')
    expect(files).toEqual([])
    expect(alerts.length).toBeGreaterThan(3)
  })
})

test('the directory of pods is closed where a recording needs none', async () => {
  let closed = 0
  const pods = { close: () => void closed++ } as unknown as NonNullable<MetadataOptions['pods']>
  const settings = { snaplen: undefined, socketPath: undefined, containers: { pods } }
  const recorded = await openRecorded(join(CAPTURES, 'host-a.scap'), settings)
  await recorded.close()
  expect(closed).toBe(1)
  await expect(openRecorded(join(dir, 'none.scap'), settings)).rejects.toThrow('Unable to open the capture')
  expect(closed).toBe(2)
})

const reason = noLive()

test.skipIf(reason !== undefined)('a live recording replays to the alerts that were raised live', async () => {
  const place = join(dir, 'acts')
  const output =
    '%evt.type %evt.arg.res %evt.arg.flags %proc.cmdline %proc.pname %proc.aname[2] %proc.cwd %user.name %fd.name %container.id'
  const rules = `
- {rule: files, desc: d, condition: evt.type in (open, openat, unlinkat, renameat2) and (fd.name startswith ${place} or evt.args contains ${place}), output: "${output}", priority: NOTICE}
- {rule: programs, desc: d, condition: evt.type = execve and proc.cmdline contains ${place}, output: "${output}", priority: NOTICE}
`.replace(/condition: (.*), output/g, 'condition: "$1", output')
  writeFileSync(join(dir, 'live.yaml'), rules)
  const size = () => statSync(join(dir, 'live.scap'), { throwIfNoEntry: false })?.size ?? 0
  const recorder = startFalc(['record', '-w', 'live.scap', '-z'], dir)
  const detector = startFalc(['run', '-r', 'live.yaml'], dir)
  await detector.sees('Opening event source')
  await until('the recording', () => size() > 0)
  const acts = `mkdir ${place}; cd ${place}; echo one > ${place}/a; cat ${place}/a | sh -c 'cat > ${place}/b'; mv ${place}/a ${place}/c; rm ${place}/b`
  execFileSync('sh', ['-c', acts])
  // The event of the last act: its command line also occurs in the first alert.
  await detector.sees('unlinkat')
  // The recorder writes its buffer after further events; reading the unfinished file may end with an error.
  await until('the last act in the recording', async () => {
    for (let n = 0; n < 20; n++) execFileSync('true')
    const replay = startFalc(['run', '-r', 'live.yaml', '-e', 'live.scap'], dir)
    await replay.exit
    return replay.output.stdout.includes('unlinkat')
  })
  for (const falc of [recorder, detector]) falc.child.kill('SIGINT')
  expect([await recorder.exit, await detector.exit]).toEqual([0, 0])
  expect(recorder.output.stderr).toMatch(/^live\.scap: \d+ events( and \d+ for the state only)?, \d+ bytes\n/)
  // A process that floods loses its own events. No other event may be lost.
  const causes = /not recorded, by cause:\n((?: {3}.*\n)*)/.exec(recorder.output.stderr)?.[1] ?? ''
  const allowed = ['dropFlood']
  const others = causes.split('\n').filter(row => row !== '' && !allowed.includes(row.trim().split(':')[0]!))
  expect(others, causes).toEqual([])
  expect(lineCount(detector.output.stdout)).toBeGreaterThan(5)
  const { stdout } = await falc('run', '-r', 'live.yaml', '-e', 'live.scap')
  // Each process has its own probe, so their timestamps differ slightly.
  const timeless = (text: string) => text.replace(/^\S+ /gm, '').split('\n').sort()
  expect(timeless(stdout)).toEqual(timeless(detector.output.stdout))
})

test.skipIf(reason !== undefined)('captures that cannot be written are counted on /metrics', async () => {
  const port = await freePort()
  const path = join(dir, 'read me')
  writeFileSync(path, '')
  const rule = `- {rule: read, desc: d, condition: 'evt.type in (open, openat) and fd.name = "${path}"', output: x, priority: NOTICE}`
  writeFileSync(join(dir, 'read.yaml'), rule)
  const options = [
    'capture={enabled: true, mode: all_rules, path_prefix: none/x}',
    `webserver={enabled: true, listen_port: ${port}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}`,
  ]
  const run = startFalc(['run', '-r', 'read.yaml', ...options.flatMap(option => ['-o', option])], dir)
  await run.sees('Opening event source')
  await until('a capture that failed', async () => {
    execFileSync('cat', [path])
    const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      answer => answer.text(),
      () => '',
    )
    return /^falc_rule_captures_total\{result="failed"\} [1-9]/m.test(text) && text.includes('{result="written"} 0\n')
  })
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(0)
})
