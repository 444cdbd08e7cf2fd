/** What the live tests need of the machine, and the processes that they run on it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const native = join(import.meta.dirname, '../../native/.output')
export const PROBE = join(native, 'falc-probe')

/** Why live tests cannot run here; undefined = they can. Throws when FALC_REQUIRE asks for them. */
export function missing(): string | undefined {
  const reason = why()
  if (reason === undefined) return undefined
  if ((process.env.FALC_REQUIRE ?? '').split(',').includes('live')) throw new Error(`FALC_REQUIRE=live, but ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}

function why(): string | undefined {
  if (process.platform !== 'linux') return 'live tests need Linux'
  if (process.getuid?.() !== 0) return 'live tests need root'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  if (!existsSync(PROBE)) return 'the native parts are not built: pnpm build:native'
  return undefined
}

/** Identifiers of all BPF programs that are loaded. */
export function loadedPrograms(): string[] {
  const tool = ['/usr/sbin/bpftool', '/usr/bin/bpftool'].find(path => existsSync(path))
  if (tool === undefined) throw new Error('bpftool is not installed')
  const text = execFileSync(tool, ['-j', 'prog', 'list'], { encoding: 'utf8', maxBuffer: 1 << 26 })
  return (JSON.parse(text) as { id: number }[]).map(({ id }) => String(id))
}

/** Of these, the ones that a process holds. */
export function programsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fdinfo`
  return readdirSync(folder).flatMap(
    fd => /^prog_id:\s+(\d+)$/m.exec(readFileSync(`${folder}/${fd}`, 'utf8'))?.[1] ?? [],
  )
}

/** Waits until none of these programs is loaded any more. */
export function untilUnloaded(ids: readonly string[]): Promise<void> {
  return until('end of the programs', () => !loadedPrograms().some(id => ids.includes(id)))
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** Waits until `condition` holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(20)
  }
}

export function isAlive(pid: number): boolean {
  try {
    // A process that has ended and that nobody has waited for is still in /proc.
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
  /** Becomes nobody once it has started. */
  readonly drop?: boolean
  readonly env?: Record<string, string>
}

/** An engine in a process of its own (engine.ts). */
export class Engine {
  readonly child: ChildProcess
  readonly opened: string[] = []
  readonly warnings: string[] = []
  sidecar = 0
  private readonly answers: Record<string, unknown>[] = []
  private ready = false
  private error = ''

  private constructor(options: EngineOptions) {
    this.child = spawn(
      process.execPath,
      ['--conditions=@falc/source', join(import.meta.dirname, 'engine.ts'), JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
    )
    this.child.stderr!.on('data', data => (this.error += data))
    createInterface({ input: this.child.stdout! }).on('line', line => this.take(JSON.parse(line)))
  }

  static async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(options)
    await until('engine', () => engine.ready || engine.child.exitCode !== null, 30_000)
    if (!engine.ready) throw new Error(engine.error)
    return engine
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Asks the engine something: see engine.ts. */
  async ask(question: string): Promise<Record<string, any>> {
    const known = this.answers.length
    this.child.stdin!.write(`${question}\n`)
    await until(question, () => this.answers.length > known)
    return this.answers[known]!
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.stdin!.end()
    await until('end of the engine', () => this.child.exitCode !== null || this.child.signalCode !== null)
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
