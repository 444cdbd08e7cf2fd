/** Metadata of the pods that an event names, looked up at the API server before the event is evaluated. */
import type { FieldDef } from '@falc/engine'
import type { AuditEvent } from '../event.ts'
import { isObject, type Json, type JsonObject } from '../json/json.ts'

interface Reference {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly uid?: string | undefined
}

/** The pods of an event. */
const WHOSE: Readonly<Record<string, { readonly doc: string; of(event: AuditEvent): Reference | undefined }>> = {
  'ka.meta': { doc: 'that the request is about', of: target },
  'ka.user.meta': { doc: 'whose account sent the request', of: sender },
}

const PARTS: Readonly<Record<string, { readonly doc: string; of(pod: JsonObject): readonly JsonObject[] }>> = {
  pod: { doc: 'of the pod', of: pod => [pod] },
  ns: { doc: 'of the namespace of the pod', of: pod => objects(pod.ns) },
  node: { doc: 'of the node of the pod', of: pod => objects(pod.node) },
  svc: { doc: 'of the services that select the pod', of: pod => objects(pod.services) },
  ...Object.fromEntries(
    Object.entries({
      ...{ deployment: 'deployment', rs: 'replica set', rc: 'replication controller', statefulset: 'stateful set' },
      ...{ daemonset: 'daemon set', job: 'job' },
    }).map(([owner, what]) => [
      owner,
      { doc: `of the ${what} of the pod`, of: (pod: JsonObject) => objects(ownersOf(pod)[owner]) },
    ]),
  ),
}

function target({ root }: AuditEvent): Reference | undefined {
  const { resource, namespace, name, uid } = objectOf(root.objectRef)
  if (resource !== 'pods') return undefined
  // A pod whose name the server makes has it in the answer alone.
  const answered = objectOf(objectOf(root.responseObject).metadata)
  return {
    namespace: textOf(namespace),
    name: textOf(name) ?? textOf(answered.name),
    uid: textOf(uid) ?? (textOf(root.verb) === 'create' ? textOf(answered.uid) : undefined),
  }
}

/** Tokens that the kubelet gives to pods say which one. */
function sender({ root }: AuditEvent): Reference | undefined {
  const { username, extra } = objectOf(root.user)
  const said = objectOf(extra)
  const first = (value: Json | undefined) => (isList(value) ? textOf(value[0]) : undefined)
  const [system, account, namespace] = (textOf(username) ?? '').split(':')
  const name = first(said[`${CLAIM}pod-name`])
  if (name === undefined || system !== 'system' || account !== 'serviceaccount') return undefined
  return { namespace, name, uid: first(said[`${CLAIM}pod-uid`]) }
}

const CLAIM = 'authentication.kubernetes.io/'

/** What is known of a pod, or why nothing is. */
function lookUp(event: AuditEvent, whose: string): JsonObject | string {
  if (!event.isAudit) return 'not an audit event'
  const { namespace, name, uid } = WHOSE[whose]!.of(event) ?? {}
  if (name === undefined && uid === undefined) return 'the event names no such pod'
  const { pods } = event
  if (pods === undefined) return 'no API server was asked'
  const found = uid === undefined ? pods.findNamed(namespace ?? '', name!) : pods.find(uid)
  if (found !== undefined) return found.description as JsonObject
  return pods.podsSynced ? 'the API server does not know the pod' : 'the API server has not listed the pods yet'
}

function podOf(event: AuditEvent, whose: string): JsonObject | undefined {
  const found = lookUp(event, whose)
  return typeof found === 'object' ? found : undefined
}

function fieldsOf(whose: string, part: string): [string, FieldDef<AuditEvent>][] {
  const { doc, of } = PARTS[part]!
  const what = `${doc} ${WHOSE[whose]!.doc}`
  const many = part === 'svc'
  const ones = (event: AuditEvent) => {
    const pod = podOf(event, whose)
    return pod === undefined ? [] : of(pod)
  }
  const field = (text: string, read: (one: JsonObject, arg: string) => string | undefined, arg = {}) => {
    const extract = (event: AuditEvent, key: string) => {
      const values = ones(event).flatMap(one => read(one, key) ?? [])
      return values.length === 0 ? undefined : many ? values : values[0]
    }
    return { type: 'string', doc: text, ...(many && { list: true }), ...arg, extract } as FieldDef<AuditEvent>
  }
  const labels: FieldDef<AuditEvent> = {
    ...{ type: 'string', list: true, doc: `Labels ${what}, \`name:value\`` },
    extract: event => {
      const all = ones(event).flatMap(one => Object.entries(objectOf(one.labels)).map(pair => pair.join(':')))
      return all.length === 0 ? undefined : all.sort()
    },
  }
  const fields = {
    name: field(`Name ${what}`, one => textOf(one.name)),
    uid: field(`UID ${what}`, one => textOf(one.uid)),
    label: field(`One label ${what}`, (one, key) => textOf(objectOf(one.labels)[key]), KEY),
    labels,
    ...(part === 'pod' && { ip: field(`Address ${what}`, one => textOf(one.ip)) }),
  }
  const absence = (event: AuditEvent) => {
    const found = lookUp(event, whose)
    return typeof found === 'string' ? found : 'the pod has none'
  }
  return Object.entries(fields).map(([name, def]) => [`${whose}.${part}.${name}`, { ...def, absence }])
}

const KEY = { arg: 'required', argKind: 'key', brackets: true } as const

export const METADATA_FIELDS: Readonly<Record<string, FieldDef<AuditEvent>>> = Object.fromEntries(
  Object.keys(WHOSE).flatMap(whose => Object.keys(PARTS).flatMap(part => fieldsOf(whose, part))),
)

/** Fields that are absent unless an API server is asked about the pods of the cluster. */
export const NEEDS_CLUSTER: ReadonlySet<string> = new Set(Object.keys(METADATA_FIELDS))

const textOf = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : NOTHING)

const objects = (value: Json | undefined): readonly JsonObject[] =>
  (isList(value) ? value : [value]).filter(one => isObject(one))

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

const ownersOf = (pod: JsonObject) => objectOf(pod.owners)

const NOTHING: JsonObject = Object.create(null)
