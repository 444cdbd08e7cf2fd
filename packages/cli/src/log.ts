import { PRIORITIES } from '@falc/engine'
import { Channel, OutputError, SyslogOutput } from '@falc/outputs'
import { LOG_LEVELS, type LogConfig, type LogLevel } from './config/log.ts'

/** falc's own log, on standard error and in the system's log, in Falco's line format. Alerts never come this way. */
export class Log {
  private readonly config: LogConfig
  private readonly threshold: number
  private readonly iso8601: boolean
  private syslog: Channel | undefined

  constructor(config: LogConfig, iso8601: boolean) {
    this.config = config
    this.threshold = LOG_LEVELS.indexOf(config.level)
    this.iso8601 = iso8601
  }

  /** Opens the system's log, if the configuration wants it; a machine without one is told of on standard error. */
  async open(): Promise<void> {
    if (!this.config.syslog) return
    const output = new SyslogOutput()
    try {
      await output.open()
      // What does not arrive there can only be said here.
      this.syslog = new Channel(output, { log: (_, text) => this.print(`log_syslog: ${text}`) })
    } catch (error) {
      if (!(error instanceof OutputError)) throw error
      this.warning(`log_syslog: ${error.message}`)
    }
  }

  /** Waits until the system's log has taken what it was told, a second at most. */
  async close(): Promise<void> {
    await this.syslog?.close(1000)
    this.syslog = undefined
  }

  write(level: LogLevel, text: string): void {
    const severity = LOG_LEVELS.indexOf(level)
    if (severity > this.threshold) return
    this.print(text)
    // The two scales are the same; a message of several lines is several there.
    for (const line of this.syslog ? text.split('\n') : []) this.syslog!.push({ line, priority: PRIORITIES[severity]! })
  }

  private print(text: string): void {
    if (this.config.stderr) process.stderr.write(`${timestamp(new Date(), this.iso8601)}: ${text}\n`)
  }

  /** What the source of system calls has to say, as far as libs_logger lets it. */
  source(level: LogLevel, text: string): void {
    const { source } = this.config
    if (source !== null && LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(source)) this.write(level, `[libs]: ${text}`)
  }

  error(text: string): void {
    this.write('error', text)
  }
  warning(text: string): void {
    this.write('warning', text)
  }
  info(text: string): void {
    this.write('info', text)
  }
  debug(text: string): void {
    this.write('debug', text)
  }
}

/** What is said before the configuration is known. */
export const EARLY_LOG: LogConfig = { stderr: true, syslog: false, level: 'info', source: 'info' }

/** `Tue Nov 24 15:33:18 2026` in local time, or `2026-11-24T15:33:18+0000`. */
function timestamp(now: Date, iso8601: boolean): string {
  if (iso8601) return now.toISOString().replace(/\.\d+Z$/, '+0000')
  const [day, month, date, year, time] = now.toString().split(' ')
  return `${day} ${month} ${date} ${time} ${year}`
}
