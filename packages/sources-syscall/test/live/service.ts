/** `falc-probe --listen` in a folder of its own, for the tests. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childOf, PROBE, until } from './machine.ts'

export class Service {
  readonly folder = mkdtempSync(join(tmpdir(), 'falc-service-'))
  readonly path = join(this.folder, 'probe.sock')
  child!: ChildProcess
  said = ''

  /** Starts it, and waits until it listens or has exited. The group nobody may connect. */
  async start(...options: string[]): Promise<this> {
    chmodSync(this.folder, 0o755)
    this.child = spawn(PROBE, ['--listen', this.path, ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.child.stderr!.on('data', data => (this.said += data))
    await until('service', () => this.ended || (existsSync(this.path) && this.open()))
    return this
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Pid of the process that serves the current engine; undefined when there is none. */
  get worker(): number | undefined {
    return childOf(this.pid)
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    await until('end of the service', () => this.ended)
    rmSync(this.folder, { recursive: true, force: true })
  }

  private open(): boolean {
    try {
      execFileSync('chgrp', ['65534', this.path], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
}
