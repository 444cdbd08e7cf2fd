/** Defaults of audit events in tests. */
const TEMPLATE = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: '00000000-0000-4000-8000-000000000001',
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'get',
  user: { username: 'somebody', groups: ['system:authenticated'] },
  sourceIPs: ['192.0.2.1'],
  requestReceivedTimestamp: '2026-01-01T10:00:00.000000Z',
  stageTimestamp: '2026-01-01T10:00:00.000001Z',
  responseStatus: { code: 200 },
  annotations: { 'authorization.k8s.io/decision': 'allow' },
}

/** An audit event from the part that a test is about. Maps are merged; null takes a key away. */
export function auditEvent(part: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return merged(TEMPLATE, part) as Record<string, unknown>
}

function merged(base: unknown, part: unknown): unknown {
  if (!isMap(base) || !isMap(part)) return part
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(part)) {
    if (value === null) delete result[key]
    else result[key] = merged(result[key], value)
  }
  return result
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
