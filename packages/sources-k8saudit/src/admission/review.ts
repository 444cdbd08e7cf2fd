import { AuditEvent } from '../event.ts'
import { isObject, type Json, type JsonObject } from '../json/json.ts'
import { MAX_DEPTH, MAX_VALUES, ValueScan } from '../json/scan.ts'

/** A request that asks to be admitted. */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: keyof typeof OPERATIONS
  /** The request is carried out, but nothing of it is kept. */
  readonly dryRun: boolean
  /** The audit events that the API server would write of it. */
  readonly events: readonly AuditEvent[]
}

/** A body that is no review. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError'
}

/** The answer of a review. */
export interface AdmissionAnswer {
  readonly allowed: boolean
  /** Why it is not allowed: the status that the client sees. */
  readonly status?: { readonly code: number; readonly reason?: string; readonly message: string }
  readonly warnings?: readonly string[]
  /** For the audit log, where the API server puts the webhook's name before the keys. */
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

const API_VERSION = 'admission.k8s.io/v1'

/** Operations, with the verb that the audit log has for them. */
const OPERATIONS = { CREATE: 'create', UPDATE: 'update', DELETE: 'delete', CONNECT: 'create' } as const

/**
 * Reads an AdmissionReview (admission.k8s.io/v1).
 * @param now ns since 1970 as an RFC 3339 text
 * @throws {ReviewError} when it is malformed
 */
export function parseReview(text: string, now = new Date().toISOString()): AdmissionRequest {
  const review = parsed(text)
  if (!isObject(review) || review.kind !== 'AdmissionReview') throw new ReviewError('it is not an AdmissionReview')
  if (review.apiVersion !== API_VERSION)
    throw new ReviewError(`apiVersion ${shown(review.apiVersion)} is not ${API_VERSION}`)
  const { request } = review
  if (!isObject(request)) throw new ReviewError('it has no request')
  const { uid, operation } = request
  if (typeof uid !== 'string' || uid === '') throw new ReviewError('the request has no uid')
  if (typeof operation !== 'string' || !Object.hasOwn(OPERATIONS, operation))
    throw new ReviewError(`operation ${shown(operation)} is not one of ${Object.keys(OPERATIONS).join(', ')}`)
  if (!isObject(resourceOf(request))) throw new ReviewError('the request has no resource')
  const known = operation as keyof typeof OPERATIONS
  const event = eventOf(request, known, now)
  // What lasts is logged when it begins, and when it ends.
  const stages = known === 'CONNECT' ? ['ResponseStarted', 'ResponseComplete'] : ['ResponseComplete']
  return {
    ...{ uid, operation: known, dryRun: request.dryRun === true },
    events: stages.map(stage => new AuditEvent({ ...event, stage })),
  }
}

/** The text of an answer. */
export function printAnswer(uid: string, answer: AdmissionAnswer): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind: 'AdmissionReview', response: { uid, ...answer } })
}

function parsed(text: string): Json {
  const scan = new ValueScan()
  scan.run(text, 0)
  if (scan.depth > MAX_DEPTH) throw new ReviewError(`nested deeper than ${MAX_DEPTH} levels`)
  if (scan.values > MAX_VALUES) throw new ReviewError(`more than ${MAX_VALUES} values`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ReviewError((error as Error).message)
  }
}

const shown = (value: Json | undefined): string => (JSON.stringify(value) ?? 'none').slice(0, 60)

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** The resource as the client named it; `resource` may be another version, for which the webhook asked. */
const resourceOf = (request: JsonObject): Json | undefined => request.requestResource ?? request.resource

function eventOf(request: JsonObject, operation: keyof typeof OPERATIONS, now: string): JsonObject {
  const { object, options, userInfo } = request
  const patch = operation === 'UPDATE' && isObject(options) && options.kind === 'PatchOptions'
  const requestObject = operation === 'DELETE' ? options : operation === 'CONNECT' ? undefined : object
  const objectRef = objectRefOf(request)
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: request.uid!,
    requestURI: uriOf(request, objectRef, operation),
    verb: patch ? 'patch' : OPERATIONS[operation],
    ...(isObject(userInfo) && { user: userInfo }),
    objectRef,
    ...(isObject(requestObject) && { requestObject }),
    requestReceivedTimestamp: now,
    stageTimestamp: now,
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  }
}

function objectRefOf(request: JsonObject): Readonly<Record<string, string>> {
  const { group, version, resource } = resourceOf(request) as JsonObject
  const metadata = isObject(request.object) && isObject(request.object.metadata) ? request.object.metadata : {}
  const all = {
    resource: textOf(resource),
    namespace: textOf(request.namespace),
    name: textOf(request.name) || textOf(metadata.name),
    apiGroup: textOf(group),
    apiVersion: textOf(version),
    subresource: textOf(request.requestSubResource ?? request.subResource),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

function uriOf(
  request: JsonObject,
  { resource, namespace, name, apiGroup, apiVersion, subresource }: Readonly<Record<string, string>>,
  operation: keyof typeof OPERATIONS,
): string {
  // A new object has no address yet: it is sent to those of its kind.
  const own = operation === 'CREATE' && subresource === undefined ? undefined : name
  // The namespace of a namespace is itself.
  const within = namespace !== undefined && resource !== 'namespaces' ? ['namespaces', namespace] : []
  const path = [apiGroup === undefined ? 'api' : 'apis', apiGroup, apiVersion, ...within, resource, own, subresource]
  const query = operation === 'CONNECT' || request.dryRun === true ? queryOf(request, operation) : ''
  return `/${path
    .filter(part => part !== undefined)
    .map(part => encodeURIComponent(part))
    .join('/')}${query && `?${query}`}`
}

function queryOf(request: JsonObject, operation: keyof typeof OPERATIONS): string {
  const parameters = new URLSearchParams()
  if (operation === 'CONNECT' && isObject(request.object))
    for (const [key, value] of Object.entries(request.object))
      if (key !== 'kind' && key !== 'apiVersion')
        for (const one of [value].flat()) if (typeof one !== 'object') parameters.append(key, String(one))
  if (request.dryRun === true) parameters.append('dryRun', 'All')
  return parameters.toString()
}
