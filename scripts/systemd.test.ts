/** The units of deploy/systemd under a systemd of their own, with the packages as they were built last. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cannotInstall, installPackages } from './install-packages.ts'
import { skipped } from './testing/needs.ts'

const root = resolve(import.meta.dirname, '..')
const reason = skipped('systemd', whyNot())

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'booting systemd needs root'
  if (!existsSync('/lib/systemd/systemd')) return 'systemd is not installed'
  if (!existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    return 'the native parts are not built'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  const mount = ['--mount', '--pid', '--fork', '--cgroup', 'mount', '-t', 'cgroup2', 'cgroup2', '/mnt']
  if (spawnSync('unshare', mount).status !== 0) return 'cgroups cannot be mounted in namespaces here'
  return cannotInstall()
}

const RULES = `- rule: shadow
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name = cat
  output: "%proc.cmdline by %user.name"
  priority: WARNING
`
const CONFIG = `rules_files: [/etc/falc/rules.yaml]
file_output: {enabled: true, filename: /var/log/falc/alerts.log}
`
const TARGET = `[Unit]
Requires=basic.target
After=basic.target
Wants=falc.service
`
/** Of this machine's own units, what would touch the machine, or waits for devices. */
const MASKED =
  `systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
  systemd-timesyncd.service systemd-remount-fs.service systemd-binfmt.service systemd-sysctl.service
  systemd-modules-load.service systemd-firstboot.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount podman.socket
  docker.socket`.split(/\s+/)

describe.skipIf(reason !== undefined)('the units under systemd', { timeout: 120_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-systemd-'))
  const files = join(work, 'files')
  let boot: ChildProcess
  let init = 0
  let console_ = ''

  /** As README.md of deploy/systemd says. */
  async function install(): Promise<void> {
    const project = await installPackages(work)
    const put = (path: string, text: string, mode = 0o644) => {
      mkdirSync(dirname(join(files, path)), { recursive: true })
      writeFileSync(join(files, path), text, { mode })
    }
    const deploy = (name: string) => readFileSync(join(root, 'deploy/systemd', name), 'utf8')
    for (const name of ['falc-probe.service', 'falc.service']) put(`etc/systemd/system/${name}`, deploy(name))
    put('usr/lib/sysusers.d/falc.conf', deploy('falc.sysusers.conf'))
    put('etc/systemd/system/falc-try.target', TARGET)
    for (const name of MASKED) symlinkSync('/dev/null', join(files, 'etc/systemd/system', name))
    // The unit's watchdog is too patient for a test.
    put('etc/systemd/system/falc.service.d/try.conf', '[Service]\nWatchdogSec=3\n')
    put('etc/falc/falc.yaml', CONFIG)
    put('etc/falc/rules.yaml', RULES)
    cpSync(project, join(files, 'opt/falc'), { recursive: true, verbatimSymlinks: true })
    copyFileSync(process.execPath, join(files, 'opt/falc/node'))
    put('usr/bin/falc', '#!/bin/sh\nexec /opt/falc/node /opt/falc/node_modules/.bin/falc "$@"\n', 0o755)
    mkdirSync(join(files, 'usr/lib/falc'))
    copyFileSync(
      join(project, `node_modules/@falc/probe-linux-${process.arch}/falc-probe`),
      join(files, 'usr/lib/falc/falc-probe'),
    )
  }

  beforeAll(async () => {
    await install()
    boot = spawn('sh', [join(root, 'scripts/boot-systemd.sh'), work, 'falc-try.target'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [boot.stdout!, boot.stderr!]) stream.on('data', data => (console_ += data))
    await until('boot', () => {
      init ||= initOf(boot.pid!)
      return init > 0 && inside('systemctl', 'is-active', 'falc') === 'active'
    })
    await until('engine', () => journal().includes('Opening event source'))
  }, 180_000)
  afterAll(async () => {
    boot?.kill('SIGKILL')
    await until('end of systemd', () => init === 0 || !existsSync(`/proc/${init}`))
    rmSync(work, { recursive: true, force: true })
  })

  /** Runs a program in systemd's namespaces; what it prints. */
  function inside(...command: string[]): string {
    const into = ['-t', String(init), '-m', '-p', '-C', '-u', '-i', '-r', '-w']
    return spawnSync('nsenter', [...into, ...command], { encoding: 'utf8' }).stdout.trim()
  }

  const show = (unit: string, property: string) => inside('systemctl', 'show', '-P', property, unit)
  const journal = () => inside('journalctl', '--no-pager', '-o', 'cat', '-u', 'falc', '-u', 'falc-probe')
  const alerts = () => inside('cat', '/var/log/falc/alerts.log').split('\n').filter(Boolean)
  const worker = () => inside('pgrep', '-P', show('falc-probe', 'MainPID'))

  async function until(what: string, condition: () => boolean): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (condition()) return
      await sleep(100)
    }
    throw new Error(`${what}: not within 60 s\n${console_}${init > 0 ? journal() : ''}`)
  }

  /** Acts until there is one more alert. */
  async function detects(): Promise<void> {
    const known = alerts().length
    await until('alert', () => {
      execFileSync('cat', ['/etc/shadow'], { stdio: 'ignore' })
      return alerts().length > known
    })
    expect(alerts().at(-1)).toMatch(/: Warning cat \/etc\/shadow by root$/)
  }

  test('an engine without rights detects', async () => {
    await detects()
    const status = inside('cat', `/proc/${show('falc', 'MainPID')}/status`)
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status).toContain(`${set}:\t0000000000000000\n`)
    expect(status).toMatch(/^Uid:(\s+[1-9]\d*){4}$/m)
    expect(
      inside('ps', '-o', 'user=', '-p', `${show('falc', 'MainPID')},${show('falc-probe', 'MainPID')}`).split(/\s+/),
    ).toEqual(['falc-probe', 'falc'])
  })

  test('systemd calls both well protected', () => {
    for (const unit of ['falc', 'falc-probe']) {
      const said = inside('systemd-analyze', 'security', '--no-pager', unit)
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+) OK/.exec(said)?.[1])
      expect(exposure, said).toBeLessThanOrEqual(2)
    }
  })

  test('the engine continues after the probe’s worker was killed, and after the probe was', async () => {
    const engine = show('falc', 'MainPID')
    inside('kill', '-9', worker())
    await detects()
    inside('kill', '-9', show('falc-probe', 'MainPID'))
    await until(
      'restart',
      () => show('falc-probe', 'NRestarts') === '1' && show('falc-probe', 'ActiveState') === 'active',
    )
    await detects()
    expect(show('falc', 'MainPID')).toBe(engine)
  })

  test('an engine that was killed is started again', async () => {
    const engine = show('falc', 'MainPID')
    inside('kill', '-9', engine)
    await until('restart', () => show('falc', 'NRestarts') === '1' && show('falc', 'ActiveState') === 'active')
    await detects()
  })

  test('an engine that hangs is started again', async () => {
    const before = Number(show('falc', 'NRestarts'))
    const engine = show('falc', 'MainPID')
    inside('kill', '-STOP', engine)
    await until('restart', () => {
      return Number(show('falc', 'NRestarts')) > before && show('falc', 'ActiveState') === 'active'
    })
    await detects()
  })

  test('a broken configuration fails the reload, and the engine is left alone', async () => {
    const engine = show('falc', 'MainPID')
    const write = (text: string) => inside('sh', '-c', `cat >/etc/falc/falc.yaml <<'END'\n${text}END\n`)
    write('rules_files: [\n')
    expect(inside('sh', '-c', 'systemctl reload falc; echo $?')).toBe('1')
    expect(journal()).toContain('YAML: ')
    expect(show('falc', 'MainPID')).toBe(engine)
    write(CONFIG)
    expect(inside('sh', '-c', 'systemctl reload falc; echo $?')).toBe('0')
    await detects()
    expect(show('falc', 'MainPID')).toBe(engine)
  })

  test('new rules are loaded', async () => {
    inside('systemctl', 'reload', 'falc')
    await until('reload', () => journal().includes('Reloaded configuration and rules: 1 rule'))
    await detects()
  })

  test('a stop leaves nothing', async () => {
    const programs = programsOf(worker())
    expect(programs.length).toBeGreaterThan(0)
    inside('systemctl', 'stop', 'falc', 'falc-probe')
    for (const unit of ['falc', 'falc-probe']) {
      expect([show(unit, 'ActiveState'), show(unit, 'Result'), show(unit, 'ControlGroup')]).toEqual([
        'inactive',
        'success',
        '',
      ])
    }
    expect(inside('ls', '/run')).not.toContain('falc')
    await until('end of the programs', () => !programs.some(id => loaded(id)))
  })

  /** Identifiers of the BPF programs that a process holds. */
  function programsOf(pid: string): string[] {
    const text = inside('sh', '-c', `cat /proc/${pid}/fdinfo/*`)
    return [...text.matchAll(/^prog_id:\s+(\d+)$/gm)].map(match => match[1]!)
  }

  const loaded = (id: string) => spawnSync('/usr/sbin/bpftool', ['prog', 'show', 'id', id]).status === 0
})

/** The first process of the namespace that boot-systemd.sh has made; 0 = it is not systemd yet. */
function initOf(boot: number): number {
  const child = spawnSync('pgrep', ['-P', String(boot)], { encoding: 'utf8' }).stdout.trim()
  if (child === '') return 0
  return readFileSync(`/proc/${child}/comm`, 'utf8') === 'systemd\n' ? Number(child) : 0
}
