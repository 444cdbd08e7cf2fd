import { PRIORITIES } from '@falc/engine'
import { Delivery, OutputError, SyslogOutput } from '@falc/outputs'
import { internalAlert } from './alerts/internal.ts'
import type { Config } from './config/config.ts'
import { LOG_LEVELS, type LogLevel } from './config/keys/operation.ts'
import { printable } from './printable.ts'

export type LogConfig = Pick<Config, 'log_stderr' | 'log_syslog' | 'log_level' | 'libs_logger' | 'time_format_iso_8601'>

/** falc's own log, on standard error and in the system log, in Falco's line format. Alerts do not use it. */
export class Log {
  readonly #config: LogConfig
  #syslog: Delivery | undefined

  constructor(config: LogConfig) {
    this.#config = config
  }

  /** Opens the system log, if the configuration enables it. A machine without one is a warning. */
  async open(): Promise<void> {
    if (!this.#config.log_syslog) return
    const syslog = new Delivery(new SyslogOutput(), {
      format: { contentType: 'text/plain', print: ({ message }) => message },
      // Messages about the system log itself go to standard error only.
      log: (level, text) => this.#print(level, `log_syslog: ${text}`),
    })
    try {
      await syslog.open()
      this.#syslog = syslog
    } catch (error) {
      if (!(error instanceof OutputError)) throw error
      this.warning(`log_syslog: ${error.message}`)
    }
  }

  /** Does `work` while the system log is open. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.open()
    try {
      return await work()
    } finally {
      await this.close()
    }
  }

  /** Waits until the system log has taken the messages, at most a second. */
  async close(): Promise<void> {
    await this.#syslog?.close(1000)
    this.#syslog = undefined
  }

  write(level: LogLevel, text: string): void {
    const severity = LOG_LEVELS.indexOf(level)
    if (severity > LOG_LEVELS.indexOf(this.#config.log_level)) return
    this.#print(level, text)
    // The system log gets each line by itself. Its severities are those of alerts.
    for (const line of this.#syslog ? text.split('\n') : [])
      this.#syslog!.push(
        internalAlert({ rule: 'log', priority: PRIORITIES[severity]!, output: printable(line) }, '', 0n),
      )
  }

  /** Messages of warning and above name their severity. */
  #print(level: LogLevel, text: string): void {
    if (!this.#config.log_stderr) return
    const severity = LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf('warning') ? `${capitalized(level)}: ` : ''
    const time = timestamp(new Date(), this.#config.time_format_iso_8601)
    process.stderr.write(`${time}: ${severity}${printable(text, '\n')}\n`)
  }

  /** Messages of the system call source, subject to libs_logger. */
  source(level: LogLevel, text: string): void {
    const { enabled, severity } = this.#config.libs_logger
    const threshold = severity === 'fatal' ? 'critical' : severity === 'trace' ? 'debug' : severity
    if (enabled && LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(threshold))
      this.write(level, `[libs]: ${printable(text)}`)
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

/** The log before the configuration is known. */
export const EARLY_LOG: LogConfig = {
  log_stderr: true,
  log_syslog: false,
  log_level: 'info',
  libs_logger: { enabled: true, severity: 'info' },
  time_format_iso_8601: false,
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** `Tue Nov 24 15:33:18 2026` in local time, or `2026-11-24T15:33:18+0000`. */
function timestamp(now: Date, iso8601: boolean): string {
  if (iso8601) return now.toISOString().replace(/\.\d+Z$/, '+0000')
  const [day, month, date, year, time] = now.toString().split(' ')
  return `${day} ${month} ${date} ${time} ${year}`
}
