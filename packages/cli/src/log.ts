import { LOG_LEVELS, type LogLevel } from './config/config.ts'

/** falc's own log, on standard error: Falco's line format. Alerts never come this way. */
export class Log {
  private readonly threshold: number
  private readonly enabled: boolean
  private readonly iso8601: boolean

  constructor({ stderr, level }: { stderr: boolean; level: LogLevel }, iso8601: boolean) {
    this.enabled = stderr
    this.threshold = LOG_LEVELS.indexOf(level)
    this.iso8601 = iso8601
  }

  write(level: LogLevel, text: string): void {
    if (!this.enabled || LOG_LEVELS.indexOf(level) > this.threshold) return
    process.stderr.write(`${timestamp(new Date(), this.iso8601)}: ${text}\n`)
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

/** `Tue Nov 24 15:33:18 2026` in local time, or `2026-11-24T15:33:18+0000`. */
function timestamp(now: Date, iso8601: boolean): string {
  if (iso8601) return now.toISOString().replace(/\.\d+Z$/, '+0000')
  const [day, month, date, year, time] = now.toString().split(' ')
  return `${day} ${month} ${date} ${time} ${year}`
}
