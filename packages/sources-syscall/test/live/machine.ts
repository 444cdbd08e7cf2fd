/** What the live tests need from the machine, and the processes that they run on it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { EVENTS } from '../../src/events/table.ts'
import type { LiveOptions } from '../../src/live/live-options.ts'

export { until }

/** Where the native parts are built to. */
export const NATIVE = join(import.meta.dirname, '../../native/.output')
export const PROBE = join(NATIVE, 'falc-probe')
export const ADDON = join(NATIVE, 'falc.node')

/** Why live tests cannot run here, those of other packages as well; undefined = they can. @throws {Error} instead, when FALC_REQUIRE asks for them */
export function missing(): string | undefined {
  return skipped('live', why())
}

/** The same for tests that serve a file system themselves. */
export function missingFuse(): string | undefined {
  return missing() ?? skipped('live', existsSync('/dev/fuse') ? undefined : 'this machine has no /dev/fuse')
}

/** The same for tests that need the native parts and no rights. */
export function missingAddon(): string | undefined {
  return skipped('live', existsSync(ADDON) ? undefined : NOT_BUILT)
}

const NOT_BUILT = 'the native parts are not built: pnpm build:native'

function why(): string | undefined {
  if (process.platform !== 'linux') return 'live tests need Linux'
  if (process.getuid?.() !== 0) return 'live tests need root'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  if (!existsSync(PROBE) || !existsSync(ADDON)) return NOT_BUILT
  return spawnSync('cc', ['--version']).error && 'live tests build their programs with cc'
}

/** The newest types of the calls whose names match. */
export function typesOf(name: RegExp): number[] {
  return EVENTS.flatMap(({ id, name: of, enter }) => (!enter && name.test(of) ? id : []))
}

/** For a test that looks at these types of events only: all events of all programs would fill the rings of a busy machine. */
export function only(...types: readonly number[]): LiveOptions {
  const wanted = new Uint8Array(512)
  for (const type of types) wanted[type] = 1
  return { wanted, ringBytes: 1 << 25 }
}

/** What bpftool prints, as JSON. @throws {Error} when it is not installed */
export function bpftool(...args: string[]): string {
  const tool = ['/usr/sbin/bpftool', '/usr/bin/bpftool'].find(path => existsSync(path))
  if (tool === undefined) throw new Error('bpftool is not installed')
  return execFileSync(tool, ['-j', ...args], { encoding: 'utf8', maxBuffer: 1 << 26 })
}

/** Identifiers of all BPF programs that are loaded. */
export function loadedPrograms(): string[] {
  const text = bpftool('prog', 'list')
  return (JSON.parse(text) as { id: number }[]).map(({ id }) => String(id))
}

/** Identifiers of those that a process holds. */
export function programsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fdinfo`
  return readdirSync(folder).flatMap(fd => {
    try {
      return /^prog_id:\s+(\d+)$/m.exec(readFileSync(`${folder}/${fd}`, 'utf8'))?.[1] ?? []
    } catch {
      return [] // closed since: it may be loading programs
    }
  })
}

/** Processes that were started with this in their environment, or by one that was. */
export function processesWith(setting: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0 && pid !== process.pid && isAlive(pid) && environment(pid).includes(setting))
}

function environment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The process that started this one. */
export function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1])
}

/** A running process that this one has started; undefined when there is none. */
export function childOf(pid: number): number | undefined {
  const { stdout } = spawnSync('ps', ['--no-headers', '-o', 'stat,pid', '--ppid', String(pid)], { encoding: 'utf8' })
  const running = stdout.split('\n').find(line => line !== '' && !line.startsWith('Z'))
  return running === undefined ? undefined : Number(running.trim().split(/\s+/)[1])
}

/** `R`, `S`, `T` (stopped), …: see proc(5). */
export function stateOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]!
}

/** Waits until none of these programs is loaded any more. */
export async function untilUnloaded(ids: readonly string[]): Promise<void> {
  await until('end of the programs', () => !loadedPrograms().some(id => ids.includes(id)))
}

/** A check, to be made once per turn, whether all up to a time (ns since 1970) has been read: later events came, or none come. */
export function caughtUp(live: { lastTime: bigint; event: { num: number } }): (over: bigint | undefined) => boolean {
  let num = -1
  let idle = 0
  return over => {
    idle = live.event.num === num ? idle + 1 : 0
    num = live.event.num
    return over !== undefined && (idle > 10 || live.lastTime > over + 1_000_000_000n)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

export function isAlive(pid: number): boolean {
  try {
    // A process that has exited but has not been waited for is still in /proc.
    return !execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split(') ')[1]!
      .startsWith('Z')
  } catch {
    return false
  }
}

export interface EngineOptions {
  readonly ringBytes?: number
  readonly socketPath?: string
  readonly stream?: boolean
  /** Switches to the user nobody once it has started. */
  readonly drop?: boolean
  readonly env?: Record<string, string>
  /** A command with its arguments, to which the engine's own command line is appended. */
  readonly through?: readonly string[]
}

/** An engine in a process of its own (engine.ts). */
export class Engine {
  readonly child: ChildProcess
  readonly opened: string[] = []
  readonly warnings: string[] = []
  sidecar = 0
  private readonly answers: Record<string, unknown>[] = []
  private ready = false
  /** What it has printed on stderr. */
  error = ''

  private constructor(options: EngineOptions) {
    const engine = join(import.meta.dirname, 'engine.ts')
    const node = [process.execPath, '--conditions=@falc/source', engine, JSON.stringify(options)]
    const [command, ...args] = [...(options.through ?? []), ...node]
    this.child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env } })
    this.child.stderr!.on('data', data => (this.error += data))
    createInterface({ input: this.child.stdout! }).on('line', line => this.take(JSON.parse(line)))
  }

  static async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(options)
    await until('engine', () => engine.ready || engine.child.exitCode !== null)
    if (!engine.ready) throw new Error(engine.error)
    return engine
  }

  get pid(): number {
    return this.child.pid!
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Waits until it has warned that many times. By then, what a dying sidecar's programs still saw has arrived. */
  async warned(times: number): Promise<void> {
    await until(`warning ${times}`, () => this.warnings.length >= times)
  }

  /** Opens a file of this name, which need not exist, until the engine has seen it. */
  async sees(name: string): Promise<void> {
    await until(`event ${name}`, () => {
      spawnSync('cat', [`/tmp/falc-live-${name}`])
      return this.opened.includes(`/tmp/falc-live-${name}`)
    })
  }

  /** Asks the engine something: see engine.ts. */
  async ask(question: string): Promise<Record<string, any>> {
    const known = this.answers.length
    this.child.stdin!.write(`${question}\n`)
    await until(question, () => this.answers.length > known)
    return this.answers[known]!
  }

  async stop(): Promise<void> {
    if (this.ended) return
    this.child.stdin!.end()
    await until('end of the engine', () => this.ended)
  }

  private take(message: Record<string, any>): void {
    if (message.ready) {
      this.ready = true
      this.sidecar = message.sidecar
    } else if (message.open !== undefined) this.opened.push(message.open)
    else if (message.warn !== undefined) this.warnings.push(message.warn)
    else this.answers.push(message)
  }
}
