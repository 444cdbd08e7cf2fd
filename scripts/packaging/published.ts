/** A test release's repositories, signed with a test key. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'

const script = resolve(import.meta.dirname, '../repositories.sh')

/** The first of these programs that this machine lacks. */
export function lacking(programs: string): string | undefined {
  return programs.split(' ').find(name => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
}

export class Published {
  readonly work = mkdtempSync(join(tmpdir(), 'falc-published-'))
  /** What the next `publish` adds. */
  readonly release = join(this.work, 'release')
  readonly folder = join(this.work, 'published')
  // gpg's agent listens on a socket below it, whose name must be short.
  readonly #keys = mkdtempSync('/tmp/falc-gpg-')
  readonly env: NodeJS.ProcessEnv = { ...process.env, GNUPGHOME: this.#keys, LC_ALL: 'C.UTF-8' }

  constructor() {
    mkdirSync(this.release)
    for (const name of ['own', 'other'])
      this.run('gpg', '--batch', '--quiet', '--passphrase', '', '--quick-gen-key', name, 'ed25519', 'sign', 'never')
  }

  /** Runs a program that must succeed. @returns its standard output */
  run(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(program, args, { env: this.env, encoding: 'utf8' })
    expect(status, `${program} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0)
    return stdout
  }

  publish(key = 'own'): void {
    this.run('sh', script, this.release, this.folder, key, `file://${this.folder}`)
  }

  /** What somebody between could do, and a look at what comes of it. */
  changed<T>(change: () => void, look: () => T): T {
    const intact = join(this.work, 'intact')
    cpSync(this.folder, intact, { recursive: true, preserveTimestamps: true })
    try {
      change()
      return look()
    } finally {
      rmSync(this.folder, { recursive: true })
      cpSync(intact, this.folder, { recursive: true, preserveTimestamps: true })
      rmSync(intact, { recursive: true })
    }
  }

  remove(): void {
    spawnSync('gpgconf', ['--kill', 'all'], { env: this.env })
    for (const folder of [this.work, this.#keys]) rmSync(folder, { recursive: true, force: true })
  }
}
