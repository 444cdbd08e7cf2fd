import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { priorityLevel } from '@falc/engine'
import type { Answer, Failure } from '../model/answer.ts'
import { type Output, OutputError } from '../model/output.ts'
import type { Item } from '../model/transport.ts'
import { Child } from './child.ts'

/** The facility LOG_USER of syslog(3), which Falco logs under. */
const LOG_USER = 1 << 3

/**
 * Characters per datagram, at most. The kernel takes no datagram of more than 212,992 bytes by default, and a character
 * has up to four bytes in UTF-8.
 */
const CHUNK = 30_000

export interface SyslogOptions {
  /** Where the system's log listens. Default /dev/log. */
  readonly socket?: string
}

const NAME = 'syslog output'

/**
 * The local syslog, through logger(1) of util-linux, because Node cannot open the datagram socket /dev/log. Each batch has its own `logger`
 * process, whose exit code is the result of the batch. The level is the alert's priority (the two scales are the same), the tag is falco's.
 * A message longer than a datagram is sent in several.
 */
export class SyslogOutput implements Output {
  readonly name = 'syslog'
  readonly batch = { items: 512 }
  readonly #socket: string
  #child: Child | null = null

  constructor({ socket = '/dev/log' }: SyslogOptions = {}) {
    this.#socket = socket
  }

  /** The system's log may start later: items wait for it. */
  async open(): Promise<this> {
    if (!onPath('logger')) throw new OutputError('ENOENT', `${NAME}: needs the program logger (util-linux)`)
    return this
  }

  async send(items: readonly Item[]): Promise<Answer> {
    if (!existsSync(this.#socket))
      return { delivered: 0, failure: failure('ENOENT', `no one listens at ${this.#socket}`) }
    const options = ['--prio-prefix', '--tag', 'falco', '--size', String(CHUNK * 4), '--socket-errors=on']
    const child = new Child('logger', [...options, '--socket', this.#socket], true)
    this.#child = child
    const written = child.write(datagrams(items)).then(
      () => true,
      () => false,
    )
    const code = await child.end()
    this.#child = null
    if (code === 0 && child.stderr === '' && (await written)) return { delivered: items.length }
    return { delivered: 0, failure: failure(`exit_${code}`, child.stderr || `logger ended with code ${code}`) }
  }

  async reopen(): Promise<void> {}

  async close(force = false): Promise<void> {
    if (force) this.#child?.kill()
  }
}

const failure = (cause: string, reason: string): Failure => ({ class: 'later', cause, message: `${NAME}: ${reason}` })

/** The lines that logger makes datagrams of. */
function datagrams(items: readonly Item[]): string {
  let text = ''
  for (const { alert, body } of items) {
    const prefix = `<${LOG_USER | priorityLevel(alert.priority)}>`
    let at = 0
    do text += `${prefix}${body.slice(at, at + CHUNK)}\n`
    while ((at += CHUNK) < body.length)
  }
  return text
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some(dir => {
    try {
      accessSync(join(dir, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
