/**
 * A new user of the deb, under a separate systemd: installs it, sees an alert, changes the configuration, upgrades while
 * events occur, removes and purges it. FALC_ROOT is a clean Debian to do that on, by default this machine's files:
 *   mmdebstrap --variant=minbase --include=systemd,libstdc++6,procps trixie FOLDER
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { cannotBoot, loaded, Machine } from '../testing/systemd.ts'
import { PLACES, STATE } from './files.ts'

const reason = skipped('systemd', existsSync('/usr/bin/dpkg-deb') ? cannotBoot() : 'this is not Debian')
const UNITS = ['falc', 'falc-probe']

/** Files that a purge leaves: dpkg's and systemd's own records, and the users, as Debian's policy has it. */
const LEFT =
  /^\/(?:etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-?|etc\/\.pwd\.lock|var\/lib\/(?:dpkg|systemd|apt)\/.*|var\/log\/(?:dpkg\.log|journal\/.*|apt\/.*)|var\/cache\/(?:man|ldconfig)\/.*|tmp\/.*|run\/.*|dev\/.*)$/

/** Each /bin/true with a number is one alert. The machine's files are in a temporary folder, which a rule of the package reports. */
const RULES = `- rule: Program Run From Temporary Directory
  enabled: false
  override: {enabled: replace}
- rule: mark
  desc: d
  condition: evt.type in (execve, execveat) and proc.name = true and proc.args startswith "mark-"
  output: "<%proc.args>"
  priority: CRITICAL
`

/** What only one process can hold: the responder's journal, a queue on disk, ports. And a store, which several may write to. */
const HELD = `response: {folder: /var/lib/falc/response, playbooks: [/etc/falc/playbooks.yaml]}
webserver: {enabled: true, listen_address: 127.0.0.1, listen_port: 8765}
outputs:
  - {name: history, type: store, path: /var/lib/falc/alerts.db}
  - {name: queued, type: file, path: /var/log/falc/queued.log, queue: {disk: /var/lib/falc/queue}}
  - {name: page, type: prometheus, listen: "127.0.0.1:9376"}
`
const PLAYBOOKS = `- playbook: note
  when: alert.rule = mark
  steps: [{notify: {output: stdout, template: noted}}]
`

describe.skipIf(reason !== undefined)('the deb', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-stranger-'))
  const machine = new Machine(work)
  const lower = process.env.FALC_ROOT ?? '/'
  let before: string[]

  beforeAll(async () => {
    const script = resolve(import.meta.dirname, '../pack-linux.ts')
    const pack = (version: string) => {
      const args = ['--conditions=@falc/source', script, 'deb', '--fast', '--out', work, '--version', version]
      const deb = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()
      machine.put('opt/README', '')
      copyFileSync(deb, join(machine.files, 'opt', `${version}.deb`))
    }
    // Container images forbid packages to start services.
    machine.put('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 0\n', 0o755)
    pack('0.0.1')
    pack('0.0.2')
    await machine.boot([], lower)
    before = changed()
  })
  afterAll(async () => {
    await machine.end()
    rmSync(work, { recursive: true, force: true })
  })

  /** Files that are new or have changed. */
  const changed = () =>
    globSync('**', { cwd: machine.files }).flatMap(path => {
      const stats = lstatSync(join(machine.files, path), { throwIfNoEntry: false })
      // In the overlay, a character device marks a removed file.
      const same = stats === undefined || stats.isCharacterDevice()
      return same || (stats.isDirectory() && existsSync(join(lower, path))) ? [] : [`/${path}`]
    })
  const install = (version: string) => {
    const { code, text } = machine.run('dpkg', '--no-triggers', '-i', `/opt/${version}.deb`)
    expect(code, text).toBe(0)
    return text
  }
  const active = () => UNITS.map(unit => machine.show(unit, 'ActiveState'))
  const enabled = () => UNITS.map(unit => machine.show(unit, 'UnitFileState'))
  const alerts = () => machine.inside('cat', '/var/log/falc/alerts.log')
  const marks = () => new Set([...alerts().matchAll(/<mark-(\w+)>/g)].map(([, name]) => name!))

  /** Acts until there is an alert. */
  const detects = (name: string) =>
    machine.until('alert', () => {
      machine.inside('/bin/true', `mark-${name}`)
      return marks().has(name)
    })

  test('installed, it detects with the rules and the configuration of the package', async () => {
    install('0.0.1')
    expect([active(), enabled()]).toEqual([
      ['active', 'active'],
      ['enabled', 'enabled'],
    ])
    await machine.until('alert', () => {
      machine.inside('sh', '-c', 'cat /etc/shadow >/dev/null')
      return /Warning .*\/etc\/shadow/.test(alerts())
    })
    expect(machine.inside('falc', '--version')).toContain('falc version: ')
    // The journal records what services print with a delay.
    await machine.until('alert in the journal', () => machine.journal().includes('/etc/shadow'))
  })

  test('rules of the administrator are loaded', async () => {
    machine.inside('sh', '-c', `cat >/etc/falc/rules.d/local.yaml <<'END'\n${RULES}END`)
    expect(machine.run('systemctl', 'reload', 'falc').code).toBe(0)
    await detects('loaded')
  })

  test('an upgrade keeps local rules and misses no event', async () => {
    const write = (path: string, text: string) => machine.inside('sh', '-c', `cat >${path} <<'END'\n${text}END`)
    write('/etc/falc/playbooks.yaml', PLAYBOOKS)
    write('/etc/falc/config.d/held.yaml', HELD)
    expect(machine.run('systemctl', 'restart', 'falc').code).toBe(0)
    const act =
      'i=0; while [ ! -e /run/enough ]; do i=$((i+1)); /bin/true mark-$i; sleep 0.02; done; echo $i >/run/count'
    machine.inside('systemd-run', '--quiet', '--unit=acts', 'sh', '-c', act)
    await machine.until('acts', () => marks().has('5'))
    const [engine, probe] = UNITS.map(unit => machine.show(unit, 'MainPID'))
    const text = install('0.0.2')
    expect(text).not.toMatch(/falc: /)
    expect(active()).toEqual(['active', 'active'])
    const second = () => machine.inside('journalctl', '--no-pager', '-o', 'cat', '-u', 'falc-upgrade')
    const without = 'has the web server, playbooks, output page, queues on disk; this one goes without'
    await machine.until('what the second engine goes without', () => second().includes(without))
    expect(machine.show('falc', 'MainPID')).not.toBe(engine)
    expect(machine.show('falc-probe', 'MainPID')).not.toBe(probe)
    await detects('upgraded')
    machine.inside('touch', '/run/enough')
    await machine.until('end', () => machine.inside('cat', '/run/count') !== '')
    const count = Number(machine.inside('cat', '/run/count'))
    await machine.until('last', () => marks().has(String(count)))
    const seen = marks()
    const missed = Array.from({ length: count }, (_, i) => String(i + 1)).filter(name => !seen.has(name))
    // On a machine that is too busy the kernel's rings may overflow, which is reported.
    if (!/syscall event drop/.test(machine.journal() + second())) expect(missed).toEqual([])
    expect(second()).not.toContain('not delivered')
    const stored = machine.inside(
      'falc',
      'alerts',
      'search',
      'alert.rule = mark',
      '-n',
      '0',
      '--json',
      '-c',
      '/etc/falc/falco.yaml',
    )
    const kept = [...stored.matchAll(/<mark-(\d+)>/g)].map(([, name]) => name!)
    expect([...seen].filter(name => /^\d+$/.test(name) && !kept.includes(name))).toEqual([])
    machine.inside('rm', '/etc/falc/config.d/held.yaml', '/etc/falc/playbooks.yaml')
    expect(machine.run('systemctl', 'restart', 'falc').code).toBe(0)
    expect(machine.inside('systemctl', 'is-active', 'falc-upgrade')).toBe('inactive')
    expect(machine.inside('cat', '/etc/falc/rules.d/local.yaml')).toContain('rule: mark')
  })

  test('an upgrade with a configuration that does not load leaves the old engine running', async () => {
    const engine = machine.show('falc', 'MainPID')
    const spoil = (text: string) => machine.inside('sh', '-c', `echo '${text}' >/etc/falc/config.d/spoilt.yaml`)
    spoil('priority: [')
    expect(install('0.0.1')).toContain('mend the configuration')
    expect(machine.show('falc', 'MainPID')).toBe(engine)
    await detects('spoilt')
    machine.inside('rm', '/etc/falc/config.d/spoilt.yaml')
  })

  test('services that were disabled stay disabled after an upgrade', () => {
    machine.inside('systemctl', 'disable', '--now', ...UNITS)
    install('0.0.2')
    expect([active(), enabled()]).toEqual([
      ['inactive', 'inactive'],
      ['disabled', 'disabled'],
    ])
    machine.inside('systemctl', 'enable', '--now', ...UNITS)
  })

  test('installed again after a removal, it runs', async () => {
    expect(machine.run('dpkg', '--no-triggers', '-r', 'falc').code).toBe(0)
    install('0.0.2')
    expect(active()).toEqual(['active', 'active'])
    await detects('again')
  })

  test('once removed, it no longer runs, and its configuration is kept', async () => {
    await machine.until('engine', () => machine.programs().length > 0)
    const programs = machine.programs()
    expect(machine.run('dpkg', '--no-triggers', '-r', 'falc').code).toBe(0)
    expect(active()).toEqual(['inactive', 'inactive'])
    await machine.until('end of the programs', () => !programs.some(loaded))
    const left = () => machine.inside('sh', '-c', 'find /sys/fs/cgroup -name "falc*"; ls -d /run/falc* 2>/dev/null')
    await machine.until('end of their groups', () => left() === '')
    const kept = PLACES.filter(({ config }) => config).map(({ to }) => to)
    expect(kept.filter(path => machine.run('test', '-e', path).code !== 0)).toEqual([])
    expect(
      PLACES.filter(({ to, config }) => !config && /\/falc/.test(to) && machine.run('test', '-f', to).code === 0),
    ).toEqual([])
  })

  test('once purged, nothing of it is left', () => {
    expect(machine.run('dpkg', '--no-triggers', '--purge', 'falc').code).toBe(0)
    expect(STATE.filter(path => machine.run('test', '-e', path).code === 0)).toEqual([])
    expect(machine.run('dpkg', '-s', 'falc').code).toBe(1)
    expect(changed().filter(path => !before.includes(path) && !LEFT.test(path))).toEqual([])
  })
})
