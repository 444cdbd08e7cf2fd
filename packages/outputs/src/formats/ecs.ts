import { type AlertData, isoTime, type Json, printJson } from '@falc/engine'
import type { Format } from '../model/format.ts'
import { fieldsJson } from '../text/alert-fields.ts'
import { SEVERITY } from '../text/severity.ts'
import { mitre } from './mitre.ts'

/** How a value is written; undefined: it does not fit, and is left out. */
type Convert = (value: Json) => Json | undefined

const words: Convert = value => (typeof value === 'string' ? value.split(' ').filter(Boolean) : undefined)
const several: Convert = value => [value]
const text: Convert = value => String(value)
const path: Convert = value => (typeof value === 'string' && value.startsWith('/') ? value : undefined)
/** ECS has seconds, Falco nanoseconds. */
const duration: Convert = value => integerOf(value, ns => Number(ns / 1_000_000_000n))
const date: Convert = value => integerOf(value, isoTime)

function integerOf(value: Json, then: (ns: bigint) => Json): Json | undefined {
  return typeof value === 'bigint' || Number.isInteger(value) ? then(BigInt(value as number)) : undefined
}

/** Output fields and where they are in the Elastic Common Schema, as in Elastic's Falco integration. */
export const ECS_FIELDS: readonly (readonly [field: string, ecs: string, convert?: Convert])[] = [
  ['proc.name', 'process.name'],
  ['proc.exepath', 'process.executable'],
  ['proc.cmdline', 'process.command_line'],
  ['proc.cwd', 'process.working_directory'],
  ['proc.pid', 'process.pid'],
  ['proc.vpid', 'process.vpid'],
  ['proc.args', 'process.args', words],
  ['proc.env', 'process.env_vars', words],
  ['proc.cmdnargs', 'process.args_count'],
  ['proc.duration', 'process.uptime', duration],
  ['proc.pid.ts', 'process.start', date],
  ['proc.pname', 'process.parent.name'],
  ['proc.pexepath', 'process.parent.executable'],
  ['proc.pcmdline', 'process.parent.command_line'],
  ['proc.ppid', 'process.parent.pid'],
  ['proc.pvpid', 'process.parent.vpid'],
  ['proc.ppid.duration', 'process.parent.uptime', duration],
  ['proc.ppid.ts', 'process.parent.start', date],
  ['proc.sid', 'process.session_leader.pid'],
  ['proc.sname', 'process.session_leader.name'],
  ['proc.sid.exepath', 'process.session_leader.executable'],
  ['proc.vpgid', 'process.group_leader.vpid'],
  ['proc.vpgid.name', 'process.group_leader.name'],
  ['proc.vpgid.exepath', 'process.group_leader.executable'],
  ['thread.tid', 'process.thread.id'],
  ['thread.cap_permitted', 'process.thread.capabilities.permitted', words],
  ['thread.cap_effective', 'process.thread.capabilities.effective', words],
  ['user.uid', 'process.user.id', text],
  ['user.name', 'process.user.name'],
  ['group.gid', 'process.group.id', text],
  ['group.name', 'process.group.name'],
  ['container.id', 'container.id'],
  ['container.name', 'container.name'],
  ['container.type', 'container.runtime'],
  ['container.image', 'container.image.name'],
  ['container.image.repository', 'container.image.name'],
  ['container.image.tag', 'container.image.tag', several],
  ['container.image.digest', 'container.image.hash.all', several],
  ['container.privileged', 'container.security_context.privileged'],
  ['fd.directory', 'file.directory', path],
  ['fd.filename', 'file.name'],
  ['fd.ino', 'file.inode', text],
  ['fd.name', 'file.path', path],
  ['fd.cip', 'client.ip'],
  ['fd.cport', 'client.port'],
  ['fd.sip', 'server.ip'],
  ['fd.sport', 'server.port'],
  ['fd.lip', 'source.ip'],
  ['fd.lport', 'source.port'],
  ['fd.rip', 'destination.ip'],
  ['fd.rport', 'destination.port'],
  ['k8s.ns.name', 'orchestrator.namespace'],
  ['k8s.pod.name', 'orchestrator.resource.name'],
  ['k8s.pod.uid', 'orchestrator.resource.id'],
  ['k8s.pod.ip', 'orchestrator.resource.ip', several],
  ['ka.target.namespace', 'orchestrator.namespace'],
  ['ka.target.resource', 'orchestrator.resource.type'],
  ['ka.target.name', 'orchestrator.resource.name'],
  ['ka.user.name', 'user.name'],
  ['ka.verb', 'event.action'],
  ['evt.type', 'event.action'],
]

/** event.category by evt.category; any other is `process`. */
const CATEGORY: Readonly<Record<string, string>> = {
  file: 'file',
  net: 'network',
  user: 'iam',
  'io-read': 'file',
  'io-write': 'file',
}

/** event.type by evt.type; any other is `change`. */
const TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['open', 'openat', 'openat2', 'open_by_handle_at', 'read', 'readv', 'pread'].map(type => [type, 'access']),
  ),
  ...Object.fromEntries(['connect', 'accept', 'accept4', 'listen', 'bind'].map(type => [type, 'connection'])),
  ...Object.fromEntries(
    ['creat', 'clone', 'clone3', 'fork', 'vfork', 'mkdir', 'mkdirat', 'symlink', 'link'].map(type => [
      type,
      'creation',
    ]),
  ),
  ...Object.fromEntries(['unlink', 'unlinkat', 'rmdir'].map(type => [type, 'deletion'])),
  ...Object.fromEntries(['execve', 'execveat', 'spawn'].map(type => [type, 'start'])),
  ...Object.fromEntries(['kill', 'tkill', 'tgkill', 'exit', 'procexit'].map(type => [type, 'end'])),
}

const iso = (time: bigint | undefined) => (time === undefined ? undefined : isoTime(time))

const lookUp = (table: Readonly<Record<string, string>>, key: Json | undefined, other: string) =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key]! : other

/** An alert in the Elastic Common Schema 8. All output fields are in `falco.output_fields`, too, under their own names. */
export function ecsDocument(alert: AlertData): Json {
  const { id, rule, priority, source, tags, hostname, output, message, count, firstTime, lastTime } = alert
  const fields = fieldsJson(alert)
  const field = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : undefined)
  const document: Tree = {}
  for (const [name, where, convert] of ECS_FIELDS) {
    const value = field(name)
    if (value === undefined || value === null || value === '' || value === '<NA>') continue
    set(document, where, convert ? convert(value) : value)
  }
  const found = mitre(tags)
  const rest: readonly (readonly [string, Json | undefined])[] = [
    ['@timestamp', isoTime(alert.time)],
    ['ecs.version', '8.17.0'],
    ['message', output],
    ['tags', tags],
    ['event.kind', 'alert'],
    ['event.id', id],
    ['event.module', 'falco'],
    ['event.dataset', 'falco.alerts'],
    ['event.severity', SEVERITY[priority].ecs],
    ['event.provider', source],
    ['event.category', [lookUp(CATEGORY, field('evt.category'), 'process')]],
    ['event.type', [lookUp(TYPES, field('evt.type'), 'change')]],
    ['event.reason', message],
    ['event.start', iso(firstTime)],
    ['event.end', iso(lastTime)],
    ['log.level', priority.toLowerCase()],
    ['rule.name', rule],
    ['host.name', hostname],
    ['observer.hostname', hostname],
    ['observer.type', 'sensor'],
    ['observer.vendor', 'Falc'],
    ['observer.product', 'falc'],
    ['related.hosts', hostname === undefined ? undefined : [hostname]],
    ['threat.framework', Object.values(found).some(list => list.length > 0) ? 'MITRE ATT&CK' : undefined],
    ['threat.tactic.id', nonEmpty(found.tactics.map(tactic => tactic.id))],
    ['threat.tactic.name', nonEmpty(found.tactics.map(tactic => tactic.name))],
    ['threat.technique.id', nonEmpty(found.techniques)],
    ['threat.technique.subtechnique.id', nonEmpty(found.subtechniques)],
    ['falco.priority', priority],
    ['falco.count', count],
    ['falco.output_fields', fields],
  ]
  for (const [where, value] of rest) set(document, where, value)
  return document as Json
}

type Tree = { [key: string]: Json | Tree | undefined }

function nonEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list
}

/** Sets a value at a path of names with dots between them. */
function set(tree: Tree, where: string, value: Json | undefined): void {
  if (value === undefined) return
  const names = where.split('.')
  let at = tree
  for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Tree
  at[names.at(-1)!] = value
}

export const ecs: Format = { contentType: 'application/json', print: alert => printJson(ecsDocument(alert)) }
