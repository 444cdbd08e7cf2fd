import { type AlertData, isoTime } from '@falc/engine'
import type { Format } from '../model/format.ts'
import { fieldOf, fieldText } from '../text/alert-fields.ts'
import { SEVERITY } from '../text/severity.ts'

/** Extensions of CEF and the output fields that they show. */
export const CEF_FIELDS: Readonly<Record<string, string>> = {
  suser: 'user.name',
  suid: 'user.uid',
  sproc: 'proc.name',
  spid: 'proc.pid',
  filePath: 'fd.name',
  src: 'fd.cip',
  spt: 'fd.cport',
  dst: 'fd.sip',
  dpt: 'fd.sport',
  proto: 'fd.l4proto',
  act: 'evt.type',
}

/** The six texts that CEF leaves to the vendor, with their labels. */
const CUSTOM: readonly (readonly [label: string, text: (alert: AlertData) => string | undefined])[] = [
  ['tags', alert => alert.tags.join(',')],
  ['containerId', alert => fieldOf(alert, 'container.id')],
  ['containerImage', alert => fieldOf(alert, 'container.image.repository') ?? fieldOf(alert, 'container.image')],
  ['k8sNamespace', alert => fieldOf(alert, 'k8s.ns.name') ?? fieldOf(alert, 'ka.target.namespace')],
  ['k8sPod', alert => fieldOf(alert, 'k8s.pod.name')],
  ['commandLine', alert => fieldOf(alert, 'proc.cmdline')],
]

/** ArcSight's Common Event Format, version 0. Every other output field follows under its own name with `_` for other characters. */
export const cef: Format = { contentType: 'text/plain', print: cefLine }

export function cefLine(alert: AlertData): string {
  const { rule, priority, source, hostname, id, time, message, count, firstTime, lastTime } = alert
  const head = ['CEF:0', 'Falc', 'falc', '1', rule, rule, String(SEVERITY[priority].cef)]
  const extensions = new Map<string, string | undefined>([
    ['rt', String(time / 1_000_000n)],
    ['externalId', id],
    ['cat', source],
    ['dvchost', hostname],
    ['msg', message],
    ['cnt', count === undefined ? undefined : String(count)],
    ['start', iso(firstTime)],
    ['end', iso(lastTime)],
  ])
  for (const [key, name] of Object.entries(CEF_FIELDS)) extensions.set(key, fieldOf(alert, name))
  for (const [i, [label, text]] of CUSTOM.entries()) {
    const value = text(alert) || undefined
    extensions.set(`cs${i + 1}`, value)
    extensions.set(`cs${i + 1}Label`, value && label)
  }
  const shown = new Set(Object.values(CEF_FIELDS))
  for (const [name, value] of Object.entries(alert.output_fields)) {
    const key = name.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/_$/, '')
    if (value !== null && !shown.has(name) && !extensions.has(key)) extensions.set(key, fieldText(value))
  }
  const pairs = [...extensions].flatMap(([key, value]) =>
    value === undefined || key === '' ? [] : [`${key}=${escapeExtension(value)}`],
  )
  return `${head.map(escapeHead).join('|')}|${pairs.join(' ')}`
}

const iso = (time: bigint | undefined) => (time === undefined ? undefined : isoTime(time))

/** A part of the head ends at `|`, and the head at the end of the line. */
function escapeHead(text: string): string {
  return fieldText(text).replace(/[\\|]/g, '\\$&')
}

/** A value ends where ` key=` begins. */
function escapeExtension(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\\=]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
}
