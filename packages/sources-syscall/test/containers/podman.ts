import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const BUSYBOX = '/bin/busybox'
const APPLETS = ['sh', 'cat', 'sleep', 'ls', 'true']

/** Why containers cannot be run here; undefined = they can. @throws {Error} instead, when FALC_REQUIRE asks for live tests */
export function missing(): string | undefined {
  const reason = why()
  if (reason === undefined) return undefined
  if ((process.env.FALC_REQUIRE ?? '').split(',').includes('live')) throw new Error(`FALC_REQUIRE=live, but ${reason}`)
  console.warn(`skipped: ${reason}`)
  return reason
}

function why(): string | undefined {
  if (process.getuid?.() !== 0) return 'podman tests need root'
  if (!existsSync(BUSYBOX)) return `podman tests need ${BUSYBOX} (busybox-static)`
  for (const program of ['podman', 'runc']) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
    } catch {
      return `podman tests need ${program}`
    }
  }
  return undefined
}

/** podman with its service on a socket of its own, and an image of busybox. */
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
    const root = join(dir, 'root')
    mkdirSync(join(root, 'bin'), { recursive: true })
    mkdirSync(join(root, 'etc'))
    copyFileSync(BUSYBOX, join(root, 'bin/busybox'))
    for (const name of APPLETS) symlinkSync('busybox', join(root, 'bin', name))
    await run('tar', ['-C', root, '-cf', join(dir, 'image.tar'), '.'])
    await podman.do('import', '--change', 'LABEL team=blue', join(dir, 'image.tar'), image)
    for (let i = 0; i < 200 && !existsSync(podman.socket); i++) await sleep(20)
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
