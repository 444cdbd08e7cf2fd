import type { Priority } from '@falc/engine'

/** The names of priorities in other systems. */
export interface Severity {
  /** RFC 5424. */
  readonly syslog: number
  /** ArcSight's CEF: 0 to 10. */
  readonly cef: number
  /** The label `severity`, by falcosidekick's convention. */
  readonly alertmanager: 'critical' | 'warning' | 'information'
  readonly pagerDuty: 'critical' | 'error' | 'warning' | 'info'
  readonly opsgenie: 'P1' | 'P2' | 'P3' | 'P4' | 'P5'
  /** Google Cloud Logging's LogSeverity. */
  readonly google: string
  /** OpenTelemetry's SeverityNumber, by the table for syslog in its specification. */
  readonly otlp: number
  /** OCSF's severity_id. */
  readonly ocsf: number
  /** event.severity, as in Elastic's Falco integration. */
  readonly ecs: number
  readonly datadog: 'error' | 'warning' | 'info'
  /** For people: the colour of a message, as RGB. */
  readonly colour: number
}

export const SEVERITY: Readonly<Record<Priority, Severity>> = {
  Emergency: row(0, 10, 'critical', 'critical', 'P1', 'EMERGENCY', 21, 6, 7, 'error', 0xe20b0b),
  Alert: row(1, 9, 'critical', 'critical', 'P1', 'ALERT', 19, 6, 6, 'error', 0xff5400),
  Critical: row(2, 8, 'critical', 'critical', 'P2', 'CRITICAL', 18, 5, 5, 'error', 0xff9000),
  Error: row(3, 7, 'warning', 'error', 'P3', 'ERROR', 17, 4, 4, 'error', 0xffc700),
  Warning: row(4, 6, 'warning', 'warning', 'P4', 'WARNING', 13, 3, 3, 'warning', 0xffff00),
  Notice: row(5, 4, 'information', 'info', 'P5', 'NOTICE', 10, 2, 2, 'info', 0x5bffb5),
  Informational: row(6, 3, 'information', 'info', 'P5', 'INFO', 9, 1, 1, 'info', 0x68c2ff),
  Debug: row(7, 0, 'information', 'info', 'P5', 'DEBUG', 5, 1, 0, 'info', 0xccfff2),
}

function row(
  ...[syslog, cef, alertmanager, pagerDuty, opsgenie, google, otlp, ocsf, ecs, datadog, colour]: [
    number,
    number,
    Severity['alertmanager'],
    Severity['pagerDuty'],
    Severity['opsgenie'],
    string,
    number,
    number,
    number,
    Severity['datadog'],
    number,
  ]
): Severity {
  return { syslog, cef, alertmanager, pagerDuty, opsgenie, google, otlp, ocsf, ecs, datadog, colour }
}
