import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { PRIORITIES } from '@falc/engine'
import { type Message, OutputError } from './output.ts'
import { ProgramOutput } from './program.ts'

/** syslog(3)'s facility LOG_USER, which Falco logs under. */
const LOG_USER = 1 << 3

/**
 * The local syslog, through logger(1) of util-linux: Node cannot open the datagram socket /dev/log. The level is the
 * alert's priority (the two scales are the same), the tag is falco's.
 */
export class SyslogOutput extends ProgramOutput {
  override readonly name = 'syslog'

  constructor() {
    super({ program: 'exec logger --prio-prefix --tag falco', keepAlive: true })
  }

  override async open(): Promise<void> {
    if (!onPath('logger')) throw new OutputError('ENOENT', 'syslog output: needs the program logger (util-linux)', 0)
    await super.open()
  }

  protected override text(messages: readonly Message[]): string {
    let text = ''
    for (const { line, priority } of messages) text += `<${LOG_USER | PRIORITIES.indexOf(priority)}>${line}\n`
    return text
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
