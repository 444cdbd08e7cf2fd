import { decodeText } from '../../events/text.ts'

/** A message to the system log. */
export interface SyslogMessage {
  /** 0 to 23. */
  readonly facility: number
  /** 0 to 7; 0 is the most severe. */
  readonly severity: number
  /** What follows the priority, as much as was recorded; undefined: nothing of it was. */
  readonly message: string | undefined
}

/** Names by facility, as sysdig has them. */
export const FACILITIES: readonly string[] = (
  'kern user mail daemon auth syslog lpr news uucp clock authpriv ftp ntp logaudit logalert cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ')

/** Names by severity. */
export const SEVERITIES: readonly string[] = 'emerg alert crit err warn notice info debug'.split(' ')

const USER = 1
const [NOTICE, INFO] = [5, 6]

const [LESS, GREATER, NEWLINE, EQUALS, ZERO] = [0x3c, 0x3e, 0x0a, 0x3d, 0x30]

/**
 * Reads `<priority>text`, as RFC 3164, RFC 5424 and /dev/kmsg have it. The text is all that follows, header fields included, as it was
 * in sysdig. undefined: there is no priority, or an impossible one.
 */
export function readPriority(bytes: Uint8Array): SyslogMessage | undefined {
  if (bytes[0] !== LESS) return undefined
  let [priority, at] = [0, 1]
  for (; at <= 3 && isDigit(bytes[at]); at++) priority = 10 * priority + bytes[at]! - ZERO
  if (at === 1 || bytes[at] !== GREATER || priority >= 8 * FACILITIES.length) return undefined
  return { facility: priority >> 3, severity: priority & 7, message: decodeText(bytes, at + 1, bytes.length) }
}

/**
 * Reads journald's native form: lines `NAME=value`, or `NAME`, the value's length in 8 bytes, little-endian, and the value. Without
 * SYSLOG_FACILITY it is `user`, without PRIORITY `info`, as in journald. undefined: none of what was recorded is known here.
 */
export function readJournal(bytes: Uint8Array): SyslogMessage | undefined {
  let [facility, severity] = [USER, INFO]
  let [message, known]: [string | undefined, boolean] = [undefined, false]
  for (let at = 0; at < bytes.length; ) {
    const line = endOf(bytes, at, NEWLINE)
    const equals = bytes.subarray(at, line).indexOf(EQUALS)
    let [from, to] = [at + equals + 1, line]
    if (equals < 0) {
      // A size beyond 4 GiB is invalid.
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      if (line + 9 > bytes.length || view.getUint32(line + 5, true) !== 0) break
      from = line + 9
      to = Math.min(from + view.getUint32(line + 1, true), bytes.length)
    }
    const value = decodeText(bytes, from, to)
    const name = decodeText(bytes, at, equals < 0 ? line : at + equals)
    if (name === 'MESSAGE') message ??= value
    else if (name === 'PRIORITY') severity = numberBelow(value, SEVERITIES.length) ?? severity
    else if (name === 'SYSLOG_FACILITY') facility = numberBelow(value, FACILITIES.length) ?? facility
    known ||= ['MESSAGE', 'PRIORITY', 'SYSLOG_FACILITY'].includes(name)
    at = to + 1
  }
  return known ? { facility, severity, message } : undefined
}

/** What is written to /dev/kmsg may lack a priority: the kernel then takes it as a notice of facility `user`. */
export const readKernelMessage = (bytes: Uint8Array): SyslogMessage =>
  readPriority(bytes) ?? { facility: USER, severity: NOTICE, message: decodeText(bytes, 0, bytes.length) }

function numberBelow(text: string, limit: number): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : limit
  return number < limit ? number : undefined
}

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= ZERO && byte <= ZERO + 9

function endOf(bytes: Uint8Array, from: number, byte: number): number {
  const at = bytes.indexOf(byte, from)
  return at < 0 ? bytes.length : at
}
