import { type AlertData, type Json, printJson } from '@falc/engine'
import type { Format } from '../model/format.ts'
import { fieldsJson } from '../text/alert-fields.ts'
import { SEVERITY } from '../text/severity.ts'
import { mitre } from './mitre.ts'

/** The version of the schema, https://schema.ocsf.io. */
export const OCSF_VERSION = '1.8.0'

const SEVERITIES = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical', 'Fatal'] as const

type Object = { readonly [key: string]: Json }

/** An alert as a Detection Finding (class 2004, activity Create) of the Open Cybersecurity Schema Framework. */
export function detectionFinding(alert: AlertData): Object {
  const { id, rule, priority, source, tags, hostname, output, message, count, firstTime, lastTime } = alert
  const severity_id = SEVERITY[priority].ocsf
  const time = milliseconds(alert.time)
  const fields = fieldsJson(alert)
  const evidence = evidenceOf(fields)
  return present({
    activity_id: 1,
    activity_name: 'Create',
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    type_uid: 200401,
    type_name: 'Detection Finding: Create',
    time,
    severity_id,
    severity: SEVERITIES[severity_id]!,
    status_id: 1,
    status: 'New',
    is_alert: true,
    message: output,
    count,
    start_time: milliseconds(firstTime),
    end_time: milliseconds(lastTime),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Falc', vendor_name: 'Falc' },
      uid: id,
      log_name: source,
      ...(hostname !== undefined && { profiles: ['host'] }),
    },
    ...(hostname !== undefined && { device: { hostname, type_id: 0 } }),
    finding_info: present({
      uid: id,
      title: rule,
      desc: message,
      created_time: time,
      first_seen_time: milliseconds(firstTime),
      last_seen_time: milliseconds(lastTime),
      analytic: { type_id: 1, type: 'Rule', name: rule, uid: rule },
      attacks: attacksOf(tags),
      tags: tags.length === 0 ? undefined : tags.map(name => ({ name })),
    }),
    evidences: [evidence ?? { data: fields }],
    resources: resourcesOf(fields),
    observables: observablesOf(fields, hostname),
    unmapped: Object.keys(fields).length === 0 ? undefined : fields,
  })!
}

export const ocsf: Format = { contentType: 'application/json', print: alert => printJson(detectionFinding(alert)) }

/** Milliseconds since 1970, OCSF's time. */
function milliseconds<T extends bigint | undefined>(ns: T): number | (T & undefined) {
  return (ns === undefined ? undefined : Number(ns / 1_000_000n)) as number | (T & undefined)
}

/** The object without what is absent; undefined: nothing is left. */
function present(object: Readonly<Record<string, Json | undefined>>): Object | undefined {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Object)
}

type Fields = Readonly<Record<string, Json>>

function get(fields: Fields, ...names: readonly string[]): Json | undefined {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (value !== undefined && value !== null && value !== '' && value !== '<NA>') return value
  }
  return undefined
}

function text(fields: Fields, ...names: readonly string[]): string | undefined {
  const value = get(fields, ...names)
  return value === undefined ? undefined : String(value)
}

function integer(fields: Fields, name: string): number | undefined {
  const value = get(fields, name)
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

function attacksOf(tags: readonly string[]): Json | undefined {
  const { tactics, techniques, subtechniques } = mitre(tags)
  const tactic = tactics[0] && { uid: tactics[0].id, name: tactics[0].name }
  const attacks = [
    ...techniques
      .filter(uid => !subtechniques.some(sub => sub.startsWith(`${uid}.`)))
      .map(uid => present({ tactic, technique: { uid } })!),
    ...subtechniques.map(uid => present({ tactic, technique: { uid: uid.slice(0, 5) }, sub_technique: { uid } })!),
  ]
  if (attacks.length > 0) return attacks
  return tactics.length === 0 ? undefined : tactics.map(({ id, name }) => ({ tactic: { uid: id, name } }))
}

function evidenceOf(fields: Fields): Object | undefined {
  return present({
    process: processOf(fields),
    actor: present({ user: userOf(fields) }),
    file: fileOf(text(fields, 'fd.name')),
    container: containerOf(fields),
    src_endpoint: endpointOf(fields, 'fd.cip', 'fd.cport'),
    dst_endpoint: endpointOf(fields, 'fd.sip', 'fd.sport'),
    connection_info: connectionOf(fields),
    api: apiOf(fields),
  })
}

function processOf(fields: Fields): Object | undefined {
  const parent = present({
    name: text(fields, 'proc.pname'),
    pid: integer(fields, 'proc.ppid'),
    cmd_line: text(fields, 'proc.pcmdline'),
    file: fileOf(text(fields, 'proc.pexepath')),
  })
  return present({
    name: text(fields, 'proc.name'),
    pid: integer(fields, 'proc.pid'),
    tid: integer(fields, 'thread.tid'),
    cmd_line: text(fields, 'proc.cmdline'),
    working_directory: text(fields, 'proc.cwd'),
    file: fileOf(text(fields, 'proc.exepath')),
    user: userOf(fields),
    parent_process: parent,
  })
}

function userOf(fields: Fields): Object | undefined {
  return present({ name: text(fields, 'user.name', 'ka.user.name'), uid: text(fields, 'user.uid') })
}

/** Only absolute paths are files: fd.name of a socket is its addresses. */
function fileOf(path: string | undefined): Object | undefined {
  if (path === undefined || !path.startsWith('/')) return undefined
  return { name: path.slice(path.lastIndexOf('/') + 1) || path, path, type_id: 1 }
}

function containerOf(fields: Fields): Object | undefined {
  const uid = text(fields, 'container.id')
  if (uid === 'host') return undefined
  return present({
    uid,
    name: text(fields, 'container.name'),
    runtime: text(fields, 'container.type'),
    image: present({
      name: text(fields, 'container.image.repository', 'container.image'),
      tag: text(fields, 'container.image.tag'),
      uid: text(fields, 'container.image.digest', 'container.image.id'),
    }),
    orchestrator: text(fields, 'k8s.pod.name') === undefined ? undefined : 'kubernetes',
    pod_uuid: text(fields, 'k8s.pod.uid'),
  })
}

function endpointOf(fields: Fields, ip: string, port: string): Object | undefined {
  const number = integer(fields, port)
  return present({ ip: text(fields, ip), port: number !== undefined && number >>> 16 === 0 ? number : undefined })
}

function connectionOf(fields: Fields): Object | undefined {
  const protocol_name = text(fields, 'fd.l4proto')
  return protocol_name === undefined ? undefined : { direction_id: 0, protocol_name }
}

function apiOf(fields: Fields): Object | undefined {
  const operation = text(fields, 'ka.verb')
  return operation === undefined
    ? undefined
    : present({ operation, request: present({ uid: text(fields, 'ka.auditid') }), service: { name: 'kubernetes' } })
}

function resourcesOf(fields: Fields): Json | undefined {
  const pod = text(fields, 'k8s.pod.name')
  const target = text(fields, 'ka.target.name')
  const resource =
    pod !== undefined
      ? { name: pod, type: 'pod', uid: text(fields, 'k8s.pod.uid'), namespace: text(fields, 'k8s.ns.name') }
      : target !== undefined
        ? { name: target, type: text(fields, 'ka.target.resource'), namespace: text(fields, 'ka.target.namespace') }
        : undefined
  return resource && [present(resource)!]
}

/** Output fields that are observables: their type_id. */
const OBSERVABLES: readonly (readonly [field: string, path: string, type_id: number, type: string])[] = [
  ['fd.cip', 'evidences[].src_endpoint.ip', 2, 'IP Address'],
  ['fd.sip', 'evidences[].dst_endpoint.ip', 2, 'IP Address'],
  ['user.name', 'evidences[].actor.user.name', 4, 'User Name'],
  ['ka.user.name', 'evidences[].actor.user.name', 4, 'User Name'],
  ['proc.name', 'evidences[].process.name', 9, 'Process Name'],
  ['proc.cmdline', 'evidences[].process.cmd_line', 13, 'Command Line'],
]

function observablesOf(fields: Fields, hostname: string | undefined): Json | undefined {
  const found = OBSERVABLES.flatMap(([field, name, type_id, type]) => {
    const value = text(fields, field)
    return value === undefined ? [] : [{ name, type_id, type, value }]
  })
  const host = { name: 'device.hostname', type_id: 1, type: 'Hostname', value: hostname ?? '' }
  const all = hostname === undefined ? found : [host, ...found]
  return all.length === 0 ? undefined : all
}
