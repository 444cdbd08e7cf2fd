import type { ConfigReader } from './reader.ts'

/** Severities of falc's own log, as Falco names them. */
export const LOG_LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Severities of what comes from the source of system calls; `fatal` and `trace` go beyond the log's own. */
const SOURCE_LEVELS = ['fatal', 'critical', 'error', 'warning', 'notice', 'info', 'debug', 'trace'] as const

/** What falco.yaml says about falc's own log. */
export interface LogConfig {
  readonly stderr: boolean
  readonly syslog: boolean
  readonly level: LogLevel
  /** libs_logger: down to which severity the source of system calls has its say; null = not at all. */
  readonly source: LogLevel | null
}

/** Messages are written to standard error unless the configuration says otherwise: Falco wants to be told. */
export function readLog(reader: ConfigReader): LogConfig {
  const severity = reader.choice('libs_logger.severity', SOURCE_LEVELS, 'info')
  const level = severity === 'fatal' ? 'critical' : severity === 'trace' ? 'debug' : severity
  return {
    stderr: reader.boolean('log_stderr', true),
    syslog: reader.boolean('log_syslog', false),
    level: reader.choice('log_level', LOG_LEVELS, 'info'),
    source: reader.boolean('libs_logger.enabled', true) ? level : null,
  }
}
