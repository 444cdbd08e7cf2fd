import type { AlertData, Json } from '@falc/engine'
import { detectionFinding } from './ocsf.ts'

/** A column of a Parquet file, in hyparquet-writer's types. */
export interface OcsfColumn {
  readonly name: string
  readonly type: 'INT32' | 'INT64' | 'BOOLEAN' | 'STRING' | 'JSON'
}

/** The columns of Detection Findings: scalars in their own types, objects and lists as JSON. */
export const OCSF_COLUMNS: readonly OcsfColumn[] = [
  ...['activity_id', 'category_uid', 'class_uid'].map(name => ({ name, type: 'INT32' }) as const),
  { name: 'type_uid', type: 'INT64' },
  { name: 'time', type: 'INT64' },
  { name: 'severity_id', type: 'INT32' },
  { name: 'status_id', type: 'INT32' },
  { name: 'is_alert', type: 'BOOLEAN' },
  { name: 'count', type: 'INT32' },
  { name: 'start_time', type: 'INT64' },
  { name: 'end_time', type: 'INT64' },
  ...['activity_name', 'category_name', 'class_name', 'type_name', 'severity', 'status', 'message'].map(
    name => ({ name, type: 'STRING' }) as const,
  ),
  ...['metadata', 'device', 'finding_info', 'evidences', 'resources', 'observables', 'unmapped'].map(
    name => ({ name, type: 'JSON' }) as const,
  ),
]

/** Alerts as columns for `parquetWriteBuffer({ columnData })`; null = absent. */
export function ocsfColumns(alerts: readonly AlertData[]) {
  const findings = alerts.map(detectionFinding)
  return OCSF_COLUMNS.map(({ name, type }) => ({
    ...{ name, type, nullable: true },
    data: findings.map(finding => cell(finding[name], type)),
  }))
}

function cell(value: Json, type: OcsfColumn['type']): unknown {
  if (value === undefined || value === null) return null
  if (type === 'INT64') return BigInt(value as number)
  return type === 'JSON' ? JSON.parse(JSON.stringify(value, exact)) : value
}

/** The writer prints numbers as JavaScript does: integers beyond 2^53 become text, with all their digits. */
function exact(_: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}
