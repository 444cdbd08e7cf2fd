/** Receivers that tests start on free ports: what the contract suite and the tests of wire formats share. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { until } from '../../../../scripts/testing/wait.ts'

/** An alert that a receiver has got. */
export interface Received {
  readonly id: string
  readonly alert?: unknown
}

/** A running receiver. */
export interface Peer {
  /** As under `outputs:` in falco.yaml, without name and type. */
  options(): Record<string, unknown>
  /** The same without the proxy that tests put in between: for measurements. */
  direct?(): Record<string, unknown>
  /** All that has arrived since the start, in order. */
  received(): Promise<readonly Received[]>
  /** Makes it unavailable, as a crash does. */
  down(): Promise<void>
  /** Restores it after `down`, `hang` or `lock`. */
  up(): Promise<void>
  /** It keeps its connections and answers nothing. */
  hang?(): Promise<void>
  /** Changes the password that it accepts. */
  lock?(): Promise<void>
  /** Sets the response to the next request. */
  answer?(status: number, headers?: Record<string, string>): void
  stop(): Promise<void>
}

/** The login of receivers that have one. */
export const LOGIN = { username: 'falc', password: 'peer-password-1' } as const

/** A kind of receiver. */
export interface PeerKind {
  /** The transport's type. */
  readonly type: string
  readonly title: string
  /** Why it cannot run here; undefined: it can. */
  readonly missing?: string | undefined
  /** Promises of the contract suite that the receiver or its protocol cannot make, with the reason. */
  readonly cannot?: Readonly<Record<string, string>>
  /** It refuses alerts of more bytes. */
  readonly largest?: number
  start(): Promise<Peer>
}

/** The path of a program, or undefined if it is not installed; servers are often in sbin. */
export function program(name: string): string | undefined {
  if (name.startsWith('/')) return name
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  return folders
    .map(folder => join(folder, name))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Why tests with these programs cannot run. */
export function missing(...names: readonly string[]): string | undefined {
  const absent = names.filter(name => program(name) === undefined)
  return absent.length === 0 ? undefined : `${absent.join(', ')} not installed`
}

/** Why tests with these modules of Debian's Python cannot run. */
export function missingModule(...names: readonly string[]): string | undefined {
  try {
    execFileSync('/usr/bin/python3', ['-c', `import ${names.join(', ')}`], { stdio: 'ignore' })
    return undefined
  } catch {
    return `python3 has no ${names.join(', ')}`
  }
}

export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const open = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return open
}

/** A folder that is removed at the end of the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'falc-peer-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export interface DaemonOptions {
  /** @param folder its own, which `stop` removes */
  args(folder: string): readonly string[]
  /** Whether it accepts requests. */
  ready(): Promise<boolean> | boolean
  env?(): NodeJS.ProcessEnv
}

/** A server as a child process. */
export class Daemon {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'falc-daemon-'))
  readonly #command: string
  readonly #options: DaemonOptions
  #child: ChildProcess | undefined

  constructor(name: string, options: DaemonOptions) {
    this.#command = program(name) ?? name
    this.#options = options
    process.on('exit', this.#kill)
  }

  /** What it has written to standard output: kept apart, since a program may write a line in two parts. */
  get output(): string {
    return readFileSync(join(this.folder, 'output'), 'utf8')
  }

  /** All that it has written. */
  get log(): string {
    return this.output + readFileSync(join(this.folder, 'errors'), 'utf8')
  }

  /** Starts it, or resumes it after `hang`. */
  async up(): Promise<void> {
    if (this.#signal('SIGCONT')) return
    const files = ['output', 'errors'].map(name => openSync(join(this.folder, name), 'a'))
    const { args, env, ready } = this.#options
    const child = spawn(this.#command, args(this.folder), {
      stdio: ['ignore', ...files],
      env: { ...process.env, ...env?.() },
      detached: true,
    })
    for (const file of files) closeSync(file)
    this.#child = child
    await until(`${this.#command} serves`, async () => {
      if (child.exitCode !== null) throw new Error(`${this.#command} ended:\n${this.log}`)
      return ready()
    })
  }

  async down(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    this.#signal('SIGKILL')
    await exit
    await until(`${this.#command} has ended`, () => this.#processes().length === 0)
    this.#child = undefined
  }

  /** Stops all threads of all of its processes. */
  async hang(): Promise<void> {
    this.#signal('SIGSTOP')
    // A process that was about to exit is gone, or a zombie whose parent is stopped.
    const stopped = (pid: string) => threadsOf(pid).every(path => /^[TZX]/.test(statOf(path) ?? 'X'))
    await until(`${this.#command} hangs`, () => this.#processes().every(stopped))
  }

  async stop(): Promise<void> {
    await this.down()
    process.off('exit', this.#kill)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** It is the leader of a process group: a server may be started by a script. */
  #processes(): string[] {
    const group = String(this.#child?.pid)
    return readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && statOf(pid)?.split(' ')[2] === group)
  }

  /** @returns whether there is anything to signal */
  #signal(signal: NodeJS.Signals): boolean {
    const { pid, exitCode = null, signalCode = null } = this.#child ?? {}
    return pid !== undefined && exitCode === null && signalCode === null && process.kill(-pid, signal)
  }

  readonly #kill = () => this.#signal('SIGKILL')
}

/** The threads of a process, as paths below /proc; none if it has exited. */
function threadsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(thread => `${pid}/task/${thread}`)
  } catch {
    return []
  }
}

/** /proc/…/stat from the state on: state, parent, process group. */
function statOf(path: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${path}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)
  } catch {
    return undefined
  }
}

/** PEM files of an authority, and of a server and a client that it has signed. */
export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly clientCert: string
  readonly clientKey: string
}

/** Why tests that make certificates cannot run. @throws {Error} instead, if FALC_REQUIRE demands them */
export function cannotCertify(): string | undefined {
  return skipped('peers', missing('openssl'))
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Paths of a self-signed certificate for localhost, and of its key. */
export function selfSigned(dir = folder()): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...EC_KEY, ...name, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}

/** Certificates for 127.0.0.1 and localhost. */
export function certificates(dir = folder()): Certificates {
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const certify = (name: string, subject: string, ...rest: readonly string[]) =>
    openssl(
      ...[
        'req',
        '-x509',
        ...EC_KEY,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
        '-subj',
        `/CN=${subject}`,
        '-days',
        '2',
        ...rest,
      ],
    )
  certify('ca', 'test CA', '-addext', 'keyUsage=critical,keyCertSign')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE']
  certify('server', 'localhost', ...signed, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  certify('client', 'falc', ...signed)
  const path = (name: string) => join(dir, name)
  return {
    ca: path('ca.pem'),
    cert: path('server.pem'),
    key: path('server.key'),
    clientCert: path('client.pem'),
    clientKey: path('client.key'),
  }
}
