import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { BUSYBOX, packRoot } from './image.ts'

const run = promisify(execFile)

/** Why containers cannot be run here; undefined = they can. @throws {Error} instead, when FALC_REQUIRE asks for live tests */
export const missing = () => whyNot('podman', ['podman', 'runc'])

/**
 * Why tests with an engine that needs these programs cannot run here; undefined = they can.
 * @throws {Error} instead, when FALC_REQUIRE asks for live tests
 */
export function whyNot(engine: string, programs: readonly string[]): string | undefined {
  return skipped('live', why(engine, programs))
}

function why(engine: string, programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return `${engine} tests need root`
  if (!existsSync(BUSYBOX)) return `${engine} tests need ${BUSYBOX} (busybox-static)`
  for (const program of programs) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
    } catch {
      return `${engine} tests need ${program}`
    }
  }
  return undefined
}

/** A podman service on a socket of its own, and an image of busybox. */
export class Podman {
  readonly socket: string
  readonly image: string
  private readonly dir: string
  private readonly service: ChildProcess

  private constructor(dir: string, image: string, service: ChildProcess) {
    this.dir = dir
    this.socket = join(dir, 'podman.sock')
    this.image = image
    this.service = service
  }

  static async start(): Promise<Podman> {
    const dir = mkdtempSync(join(tmpdir(), 'falc-podman-'))
    const image = `localhost/falc-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}:v1`
    const service = spawn('podman', ['system', 'service', '--time=0', `unix://${join(dir, 'podman.sock')}`], {
      stdio: 'ignore',
    })
    const podman = new Podman(dir, image, service)
    await podman.do('import', '--change', 'LABEL team=blue', await packRoot(dir), image)
    await until('podman listens', () => existsSync(podman.socket))
    return podman
  }

  async do(...args: string[]): Promise<string> {
    const { stdout } = await run('podman', ['--runtime', 'runc', ...args], { encoding: 'utf8' })
    return stdout.trim()
  }

  async stop(): Promise<void> {
    this.service.kill('SIGKILL')
    await this.do('rmi', '-f', this.image)
    rmSync(this.dir, { recursive: true })
  }
}
