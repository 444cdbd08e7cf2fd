import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import { PRIORITIES } from '@falc/engine'
import { type Message, OutputError } from './output.ts'
import { ProgramOutput } from './program.ts'

/** syslog(3)'s facility LOG_USER, which Falco logs under. */
const LOG_USER = 1 << 3

/**
 * Characters of one datagram, at most: logger(1) cuts at 1024 bytes unless it is told otherwise, and more than the kernel
 * takes at once (212992 bytes by default) it loses without a word. UTF-8 has up to four bytes for a character.
 */
const CHUNK = 30_000

export interface SyslogOptions {
  /** Where the system's log listens. */
  readonly socket?: string
}

/**
 * The local syslog, through logger(1) of util-linux: Node cannot open the datagram socket /dev/log. The level is the
 * alert's priority (the two scales are the same), the tag is falco's. What is longer than a datagram comes in several.
 */
export class SyslogOutput extends ProgramOutput {
  override readonly name = 'syslog'
  readonly #socket: string

  constructor({ socket = '/dev/log' }: SyslogOptions = {}) {
    const options = `--prio-prefix --tag falco --size ${CHUNK * 4} --socket-errors=on --socket '${socket}'`
    super({ program: `exec logger ${options}`, keepAlive: true })
    this.#socket = socket
  }

  override async open(): Promise<void> {
    if (!onPath('logger')) throw new OutputError('ENOENT', 'syslog output: needs the program logger (util-linux)', 0)
    // The system's log may come later: what is sent before is lost and counted.
    if (this.#present) await super.open()
  }

  override async send(messages: readonly Message[]): Promise<void> {
    if (!this.#present)
      throw new OutputError('ENOENT', `syslog output: nobody listens at ${this.#socket}`, messages.length)
    await super.send(messages)
  }

  protected override text(messages: readonly Message[]): string {
    let text = ''
    for (const { line, priority } of messages) {
      const prefix = `<${LOG_USER | PRIORITIES.indexOf(priority)}>`
      let at = 0
      do text += `${prefix}${line.slice(at, at + CHUNK)}\n`
      while ((at += CHUNK) < line.length)
    }
    return text
  }

  get #present(): boolean {
    return existsSync(this.#socket)
  }
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
