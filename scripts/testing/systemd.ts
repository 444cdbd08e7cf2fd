/** Starts a separate systemd for tests, in namespaces. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { until } from './wait.ts'

const root = resolve(import.meta.dirname, '../..')

/** Why systemd cannot be started here with falc's services in it; undefined when it can. */
export function cannotBoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'booting systemd needs root'
  if (!existsSync('/lib/systemd/systemd')) return 'systemd is not installed'
  if (!existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    return 'the native parts are not built'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  const mount = ['--mount', '--net', '--pid', '--fork', '--cgroup', 'mount', '-t', 'cgroup2', 'cgroup2', '/mnt']
  return spawnSync('unshare', mount).status === 0 ? undefined : 'cgroups cannot be mounted in namespaces here'
}

/** Units of this machine that would affect the machine itself, or that wait for devices. */
const MASKED =
  `systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
  systemd-timesyncd.service systemd-remount-fs.service systemd-binfmt.service systemd-sysctl.service
  systemd-modules-load.service systemd-firstboot.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount podman.socket
  docker.socket`.split(/\s+/)

export class Machine {
  readonly #work: string
  /** The changed files of the machine's file system: the upper layer of an overlay. */
  readonly files: string
  #boot: ChildProcess | undefined
  #init = 0
  #console = ''

  /** @param work an empty folder */
  constructor(work: string) {
    this.#work = work
    this.files = join(work, 'files')
    for (const name of MASKED) this.link(`etc/systemd/system/${name}`, '/dev/null')
  }

  put(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.files, path)), { recursive: true })
    writeFileSync(join(this.files, path), text, { mode })
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.files, path)), { recursive: true })
    symlinkSync(target, join(this.files, path))
  }

  /**
   * Boots, with these units started.
   * @param lower the file system below this machine's; default: the tests' own
   */
  async boot(wants: readonly string[], lower = '/'): Promise<void> {
    const target = `[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=${wants.join(' ')}\n`
    this.put('etc/systemd/system/falc-try.target', target)
    const args = [join(root, 'scripts/boot-systemd.sh'), this.#work, 'falc-try.target', lower]
    this.#boot = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#boot.stdout!, this.#boot.stderr!]) stream.on('data', data => (this.#console += data))
    await this.until('boot', () => {
      this.#init ||= initOf(this.#boot!.pid!)
      return this.#init > 0 && this.inside('systemctl', 'is-active', 'falc-try.target') === 'active'
    })
  }

  /** Kills the machine with everything that runs in it. */
  async end(): Promise<void> {
    this.#boot?.kill('SIGKILL')
    await until('end of systemd', () => this.#init === 0 || !existsSync(`/proc/${this.#init}`))
  }

  /** Runs a program in it. @returns its exit code, its standard output and all its output */
  run(...command: string[]): { code: number | null; stdout: string; text: string } {
    const into = ['-t', String(this.#init), '-m', '-n', '-p', '-C', '-u', '-i', '-r', '-w']
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }
    const { status, stdout, stderr } = spawnSync('nsenter', [...into, ...command], { encoding: 'utf8', env })
    return { code: status, stdout: stdout.trim(), text: stdout + stderr }
  }

  /** What a program in it prints. */
  inside(...command: string[]): string {
    return this.run(...command).stdout
  }

  show(unit: string, property: string): string {
    return this.inside('systemctl', 'show', '-P', property, unit)
  }

  journal(): string {
    return this.inside('journalctl', '--no-pager', '-o', 'cat', '-u', 'falc', '-u', 'falc-probe')
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    try {
      await until(what, condition)
    } catch (error) {
      const said = [this.#console, this.#init > 0 ? this.journal() : ''].map(text => text.slice(-4000))
      throw new Error([(error as Error).message, ...said].join('\n'))
    }
  }

  /** The BPF programs that the probe's worker holds. */
  programs(): string[] {
    const worker = this.inside('pgrep', '-P', this.show('falc-probe', 'MainPID'))
    const text = this.inside('sh', '-c', `cat /proc/${worker}/fdinfo/*`)
    return [...text.matchAll(/^prog_id:\s+(\d+)$/gm)].map(match => match[1]!)
  }
}

export const loaded = (program: string) => spawnSync('/usr/sbin/bpftool', ['prog', 'show', 'id', program]).status === 0

/** The first process of the namespace that boot-systemd.sh has made; 0 while it is not systemd yet. */
function initOf(boot: number): number {
  const args = ['-x', '-P', String(boot), 'systemd']
  return Number(spawnSync('pgrep', args, { encoding: 'utf8' }).stdout)
}
