/** Runs the units of deploy/systemd under a separate systemd, with the files that packages install. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { architecture } from './packaging/files.ts'
import { stage } from './packaging/stage.ts'
import { skipped } from './testing/needs.ts'
import { cannotBoot, loaded, Machine } from './testing/systemd.ts'

const reason = skipped('systemd', cannotBoot())

const RULES = `- rule: shadow
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name = cat
  output: "%proc.cmdline by %user.name"
  priority: WARNING
`
const CONFIG = `rules_files: [/etc/falc/rules.yaml]
file_output: {enabled: true, filename: /var/log/falc/alerts.log}
`

describe.skipIf(reason !== undefined)('the units under systemd', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-systemd-'))
  const machine = new Machine(work)

  beforeAll(async () => {
    stage(machine.files, '0.0.0', architecture(process.arch))
    machine.put('etc/falc/falco.yaml', CONFIG)
    machine.put('etc/falc/rules.yaml', RULES)
    await machine.boot(['falc.service'])
    await machine.until('engine', () => machine.journal().includes('Opening event source'))
  })
  afterAll(async () => {
    await machine.end()
    rmSync(work, { recursive: true, force: true })
  })

  const alerts = () => machine.inside('cat', '/var/log/falc/alerts.log').split('\n').filter(Boolean)
  const worker = () => machine.inside('pgrep', '-P', machine.show('falc-probe', 'MainPID'))

  /** Acts until there is one more alert. */
  async function detects(): Promise<void> {
    const known = alerts().length
    await machine.until('alert', () => {
      execFileSync('cat', ['/etc/shadow'], { stdio: 'ignore' })
      return alerts().length > known
    })
    expect(alerts().at(-1)).toMatch(/: Warning cat \/etc\/shadow by root$/)
  }

  test('the engine detects without any privileges', async () => {
    await detects()
    const status = machine.inside('cat', `/proc/${machine.show('falc', 'MainPID')}/status`)
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status).toContain(`${set}:\t0000000000000000\n`)
    expect(status).toMatch(/^Uid:(\s+[1-9]\d*){4}$/m)
    expect(
      machine
        .inside(
          'ps',
          '-o',
          'user=',
          '-p',
          `${machine.show('falc', 'MainPID')},${machine.show('falc-probe', 'MainPID')}`,
        )
        .split(/\s+/),
    ).toEqual(['falc-probe', 'falc'])
  })

  test('systemd-analyze rates both units as well protected', () => {
    for (const unit of ['falc', 'falc-probe']) {
      const said = machine.inside('systemd-analyze', 'security', '--no-pager', unit)
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+) OK/.exec(said)?.[1])
      expect(exposure, said).toBeLessThanOrEqual(2)
    }
  })

  test('the engine keeps detecting after the probe’s worker, or the probe itself, is killed', async () => {
    const engine = machine.show('falc', 'MainPID')
    machine.inside('kill', '-9', worker())
    await detects()
    machine.inside('kill', '-9', machine.show('falc-probe', 'MainPID'))
    await machine.until(
      'restart',
      () => machine.show('falc-probe', 'NRestarts') === '1' && machine.show('falc-probe', 'ActiveState') === 'active',
    )
    await detects()
    expect(machine.show('falc', 'MainPID')).toBe(engine)
  })

  test('an engine that is killed is restarted', async () => {
    const engine = machine.show('falc', 'MainPID')
    machine.inside('kill', '-9', engine)
    await machine.until(
      'restart',
      () => machine.show('falc', 'NRestarts') === '1' && machine.show('falc', 'ActiveState') === 'active',
    )
    await detects()
  })

  test('an engine that hangs is restarted', async () => {
    // The unit's watchdog is too slow for a test; a faster one would kill the engine in other tests on a busy machine.
    const watchdog = (end: string) => {
      machine.inside('sh', '-c', `cd /etc/systemd/system; mkdir -p falc.service.d; ${end} falc.service.d/try.conf`)
      machine.inside('systemctl', 'daemon-reload')
      expect(machine.run('systemctl', 'restart', 'falc').code).toBe(0)
    }
    watchdog("printf '[Service]\\nWatchdogSec=3\\n' >")
    const before = Number(machine.show('falc', 'NRestarts'))
    machine.inside('kill', '-STOP', machine.show('falc', 'MainPID'))
    await machine.until('restart', () => {
      return Number(machine.show('falc', 'NRestarts')) > before && machine.show('falc', 'ActiveState') === 'active'
    })
    watchdog('rm')
    await detects()
  })

  test('a broken configuration fails the reload and leaves the engine running', async () => {
    const engine = machine.show('falc', 'MainPID')
    const write = (text: string) => machine.inside('sh', '-c', `cat >/etc/falc/falco.yaml <<'END'\n${text}END\n`)
    write('rules_files: [\n')
    expect(machine.inside('sh', '-c', 'systemctl reload falc; echo $?')).toBe('1')
    // The journal records what services print with a delay.
    await machine.until('reason', () => machine.journal().includes('YAML: '))
    expect(machine.show('falc', 'MainPID')).toBe(engine)
    write(CONFIG)
    expect(machine.inside('sh', '-c', 'systemctl reload falc; echo $?')).toBe('0')
    await detects()
    expect(machine.show('falc', 'MainPID')).toBe(engine)
  })

  test('a reload loads the rules', async () => {
    const reloads = () => machine.journal().split('Reloaded configuration and rules: 1 rule').length
    const before = reloads()
    machine.inside('systemctl', 'reload', 'falc')
    await machine.until('reload', () => reloads() > before)
    await detects()
  })

  test('stopping the units leaves nothing behind', async () => {
    const programs = machine.programs()
    expect(programs.length).toBeGreaterThan(0)
    machine.inside('systemctl', 'stop', 'falc', 'falc-probe')
    for (const unit of ['falc', 'falc-probe']) {
      expect([
        machine.show(unit, 'ActiveState'),
        machine.show(unit, 'Result'),
        machine.show(unit, 'ControlGroup'),
      ]).toEqual(['inactive', 'success', ''])
    }
    expect(machine.inside('ls', '/run')).not.toContain('falc')
    await machine.until('end of the programs', () => !programs.some(id => loaded(id)))
  })
})
