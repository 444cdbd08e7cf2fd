import type { FieldUse } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'
import { EVENTS, EventFlag } from '../events/table.ts'
import { argumentByName } from './arguments.ts'
import {
  FACILITIES,
  readJournal,
  readKernelMessage,
  readPriority,
  SEVERITIES,
  type SyslogMessage,
} from './formats/syslog.ts'
import type { Fields } from './table.ts'

const DATA = argumentByName('data')

/**
 * How messages are written to what is called so. The probe looks for the same names (native/bpf/logs.bpf.h). systemd's /dev/log is a
 * link to a socket of journald, by whose name the kernel knows it.
 */
const LOGS: readonly (readonly [name: string, read: (bytes: Uint8Array) => SyslogMessage | undefined])[] = [
  ['/dev/log', readPriority],
  ['/run/systemd/journal/dev-log', readPriority],
  ['/run/systemd/journal/syslog', readPriority],
  ['/run/systemd/journal/stdout', readPriority],
  ['/run/systemd/journal/socket', readJournal],
  ['/dev/kmsg', readKernelMessage],
]

/** Whether a field is read from such a message; of journald's, even the severity may lie behind the text. */
export function readsMessage({ name }: FieldUse): boolean {
  return name.startsWith('syslog.')
}

/** undefined: the event does not write to the system log. */
function logOf(event: SyscallEvent): (typeof LOGS)[number] | undefined {
  if ((EVENTS[event.type]!.flags & EventFlag.writes_to_fd) === 0) return undefined
  const name = event.fd?.name ?? ''
  return LOGS.find(([path]) => name.includes(path))
}

function messageOf(event: SyscallEvent): SyslogMessage | undefined {
  const log = logOf(event)
  const data = log === undefined ? -1 : DATA.of(event)
  return data >= 0 && event.has(data) ? log![1](event.blob(data)) : undefined
}

/** Messages to the system log, as sysdig's syslog class had them. */
export const SYSLOG_FIELDS: Fields = {
  'evt.is_syslog': {
    type: 'bool',
    doc: 'The call writes to the system log: /dev/log, a socket of journald, or /dev/kmsg.',
    extract: event => logOf(event) !== undefined,
  },
  'syslog.facility.str': {
    type: 'string',
    doc: `Facility of a message to the system log: ${FACILITIES.join(', ')}.`,
    extract: event => FACILITIES[messageOf(event)?.facility ?? -1],
  },
  'syslog.facility': {
    type: 'uint32',
    print: 'dec',
    doc: 'Facility of a message to the system log, 0 to 23.',
    extract: event => messageOf(event)?.facility,
  },
  'syslog.severity.str': {
    type: 'string',
    doc: `Severity of a message to the system log: ${SEVERITIES.join(', ')}.`,
    extract: event => SEVERITIES[messageOf(event)?.severity ?? -1],
  },
  'syslog.severity': {
    type: 'uint32',
    print: 'dec',
    doc: 'Severity of a message to the system log, from 0 (most severe) to 7.',
    extract: event => messageOf(event)?.severity,
  },
  'syslog.message': {
    type: 'string',
    doc: 'A message to the system log, without its priority, as much of it as was recorded (live: 4096 bytes).',
    extract: event => messageOf(event)?.message,
  },
}
