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

/** A body that is not a review. */
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
  return {
    ...{ uid, operation: known, dryRun: request.dryRun === true },
    // What lasts is logged when it begins, and when it ends.
    events: (known === 'CONNECT' ? LASTING : SHORT).map(stage => new AuditEvent(eventOf(request, known, stage, now))),
  }
}

const SHORT = ['ResponseComplete']
const LASTING = ['ResponseStarted', 'ResponseComplete']

/** The answer that admits a request without warnings. */
export const ADMITTED: AdmissionAnswer = { allowed: true }

/** The text of an answer. */
export function printAnswer(uid: string, answer: AdmissionAnswer): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind: 'AdmissionReview', response: { uid, ...answer } })
}

/** A shorter text cannot exceed the limits of depth and values: each level has two brackets, each value a character and a comma. */
const SHALLOW = 2 * Math.min(MAX_DEPTH, MAX_VALUES)

function parsed(text: string): Json {
  if (text.length > SHALLOW) {
    const scan = new ValueScan()
    scan.run(text, 0)
    if (scan.depth > MAX_DEPTH) throw new ReviewError(`nested deeper than ${MAX_DEPTH} levels`)
    if (scan.values > MAX_VALUES) throw new ReviewError(`more than ${MAX_VALUES} values`)
  }
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

function eventOf(request: JsonObject, operation: keyof typeof OPERATIONS, stage: string, now: string): JsonObject {
  const { object, options, userInfo } = request
  const patch = operation === 'UPDATE' && isObject(options) && options.kind === 'PatchOptions'
  const requestObject = operation === 'DELETE' ? options : operation === 'CONNECT' ? undefined : object
  const objectRef = objectRefOf(request)
  // Member by member: an object that is put together of others costs several times as much.
  const event: Record<string, Json> = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: request.uid!,
    stage,
    requestURI: uriOf(request, objectRef, operation),
    verb: patch ? 'patch' : OPERATIONS[operation],
    objectRef: objectRef as JsonObject,
    requestReceivedTimestamp: now,
    stageTimestamp: now,
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  }
  if (isObject(userInfo)) event.user = userInfo
  if (isObject(requestObject)) event.requestObject = requestObject
  return event
}

/** What the request is about; a part that it does not have is left out. */
type ObjectRef = Partial<Record<'resource' | 'namespace' | 'name' | 'apiGroup' | 'apiVersion' | 'subresource', string>>

function objectRefOf(request: JsonObject): ObjectRef {
  const { group, version, resource } = resourceOf(request) as JsonObject
  const { object } = request
  const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : undefined
  const ref: ObjectRef = {}
  const add = (part: keyof ObjectRef, value: Json | undefined) => {
    if (typeof value === 'string' && value !== '') ref[part] = value
  }
  add('resource', resource)
  add('namespace', request.namespace)
  add('name', textOf(request.name) || metadata?.name)
  add('apiGroup', group)
  add('apiVersion', version)
  add('subresource', request.requestSubResource ?? request.subResource)
  return ref
}

function uriOf(
  request: JsonObject,
  { resource, namespace, name, apiGroup, apiVersion, subresource }: ObjectRef,
  operation: keyof typeof OPERATIONS,
): string {
  let uri = apiGroup === undefined ? '/api' : '/apis'
  const add = (part: string | undefined) => {
    if (part !== undefined) uri += `/${encodeURIComponent(part.toWellFormed())}`
  }
  add(apiGroup)
  add(apiVersion)
  // The namespace of a namespace is itself.
  if (namespace !== undefined && resource !== 'namespaces') {
    uri += '/namespaces'
    add(namespace)
  }
  add(resource)
  // A new object has no address yet: it is sent to those of its kind.
  if (operation !== 'CREATE' || subresource !== undefined) add(name)
  add(subresource)
  const query = operation === 'CONNECT' || request.dryRun === true ? queryOf(request, operation) : ''
  return query === '' ? uri : `${uri}?${query}`
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
