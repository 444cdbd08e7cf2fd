import { AuditEvent } from '../event.ts'
import { isObject, type JsonObject } from '../json/json.ts'

const CHANGES = ['create', 'update', 'patch', 'delete', 'deletecollection']
const CONNECTIONS = ['exec', 'attach', 'portforward', 'proxy']

/** What an event of the audit log was when it asked to be admitted. */
export interface Logged {
  /** The event as `parseReview` makes it of the review; undefined: no webhook was asked. */
  readonly event: AuditEvent | undefined
  /** The log has no object of it, so that rules over objects see nothing. */
  readonly bare: boolean
}

const NOT_ASKED: Logged = { event: undefined, bare: false }

/** Turns a logged request back: what is not known at admission is left out. */
export function asReviewed({ root, isAudit, number }: AuditEvent): Logged {
  const { verb, stage, objectRef, annotations, responseStatus } = root
  if (!isAudit || !isObject(objectRef) || typeof verb !== 'string') return NOT_ASKED
  const connects = CONNECTIONS.includes(String(objectRef.subresource))
  if (!CHANGES.includes(verb) && !connects) return NOT_ASKED
  if (stage !== 'ResponseComplete' && !(stage === 'ResponseStarted' && connects)) return NOT_ASKED
  // Who may not do it is turned away before.
  if (isObject(annotations) && annotations[DECISION] === 'forbid') return NOT_ASKED
  const { impersonatedUser, user, responseObject: _o, sourceIPs: _i, userAgent: _a, responseStatus: _s, ...kept } = root
  const created = verb === 'patch' && isObject(responseStatus) && responseStatus.code === 201
  const acting = impersonatedUser ?? user
  const event: JsonObject = {
    ...kept,
    verb: created || connects ? 'create' : verb === 'deletecollection' ? 'delete' : verb,
    ...(acting !== undefined && { user: acting }),
    annotations: { [DECISION]: 'allow' },
  }
  const made = new AuditEvent(event)
  made.number = number
  return { event: made, bare: !connects && !verb.startsWith('delete') && !isObject(root.requestObject) }
}

const DECISION = 'authorization.k8s.io/decision'
