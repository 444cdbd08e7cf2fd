import type { Kind } from '../condition/operators.ts'

export interface TypeInfo {
  readonly kind: Kind
  /** Width of an integer. Literals wrap to it, as in Falco. */
  readonly bits?: 8 | 16 | 32 | 64
  readonly signed?: boolean
  /** The name that Falco's listings and messages print. */
  readonly falco: string
}

const TABLE = {
  string: { kind: 'text', falco: 'CHARBUF' },
  bytes: { kind: 'bytes', falco: 'BYTEBUF' },
  path: { kind: 'text', falco: 'FSPATH' },
  relpath: { kind: 'text', falco: 'FSRELPATH' },
  bool: { kind: 'bool', falco: 'BOOL' },
  int8: { kind: 'number', bits: 8, signed: true, falco: 'INT8' },
  int16: { kind: 'number', bits: 16, signed: true, falco: 'INT16' },
  int32: { kind: 'number', bits: 32, signed: true, falco: 'INT32' },
  int64: { kind: 'number', bits: 64, signed: true, falco: 'INT64' },
  uint8: { kind: 'number', bits: 8, falco: 'UINT8' },
  uint16: { kind: 'number', bits: 16, falco: 'UINT16' },
  uint32: { kind: 'number', bits: 32, falco: 'UINT32' },
  uint64: { kind: 'number', bits: 64, falco: 'UINT64' },
  // With `=` and `in`, Falco reads the literals of a double as 32-bit integers.
  double: { kind: 'number', bits: 32, signed: true, falco: 'DOUBLE' },
  flags8: { kind: 'number', bits: 8, falco: 'FLAGS8' },
  flags16: { kind: 'number', bits: 16, falco: 'FLAGS16' },
  flags32: { kind: 'number', bits: 32, falco: 'FLAGS32' },
  enumflags8: { kind: 'number', bits: 8, falco: 'ENUMFLAGS8' },
  enumflags16: { kind: 'number', bits: 16, falco: 'ENUMFLAGS16' },
  enumflags32: { kind: 'number', bits: 32, falco: 'ENUMFLAGS32' },
  mode: { kind: 'number', bits: 32, falco: 'MODE' },
  errno: { kind: 'number', bits: 64, signed: true, falco: 'ERRNO' },
  pid: { kind: 'number', bits: 64, signed: true, falco: 'PID' },
  fd: { kind: 'number', bits: 64, signed: true, falco: 'FD' },
  uid: { kind: 'number', bits: 32, falco: 'UID' },
  gid: { kind: 'number', bits: 32, falco: 'GID' },
  port: { kind: 'number', bits: 16, falco: 'PORT' },
  l4proto: { kind: 'opaque', bits: 8, falco: 'L4PROTO' },
  sockfamily: { kind: 'opaque', bits: 8, falco: 'SOCKFAMILY' },
  sigtype: { kind: 'number', bits: 8, falco: 'SIGTYPE' },
  signal: { kind: 'number', bits: 8, falco: 'SIGTYPE' },
  syscallid: { kind: 'number', bits: 16, falco: 'SYSCALLID' },
  ipaddr: { kind: 'ip', falco: 'IPADDR' },
  ipv4addr: { kind: 'ip', falco: 'IPV4ADDR' },
  ipv6addr: { kind: 'ip', falco: 'IPV6ADDR' },
  ipnet: { kind: 'net', falco: 'IPNET' },
  ipv4net: { kind: 'net', falco: 'IPV4NET' },
  ipv6net: { kind: 'net', falco: 'IPV6NET' },
  sockaddr: { kind: 'opaque', falco: 'SOCKADDR' },
  socktuple: { kind: 'opaque', falco: 'SOCKTUPLE' },
  fdlist: { kind: 'opaque', falco: 'FDLIST' },
  abstime: { kind: 'number', bits: 64, falco: 'ABSTIME' },
  reltime: { kind: 'number', bits: 64, falco: 'RELTIME' },
  dyn: { kind: 'opaque', falco: 'DYN' },
} as const satisfies Record<string, TypeInfo>

/** Falco's parameter types, with string, bytes, path, relpath for PT_CHARBUF, PT_BYTEBUF, PT_FSPATH, PT_FSRELPATH. */
export type FieldType = keyof typeof TABLE

/** The types whose values behave as `K` says. */
export type TypesOf<K extends Kind> = { [T in FieldType]: (typeof TABLE)[T]['kind'] extends K ? T : never }[FieldType]

/** What the values of each field type are. */
export const TYPES: Readonly<Record<FieldType, TypeInfo>> = TABLE

/** Types whose lists Falco can compare (`in`, `intersects`); lists of other types only support `exists`. */
export const LIST_TYPES: ReadonlySet<FieldType> = new Set<FieldType>([
  'string',
  'uint64',
  'reltime',
  'abstime',
  'bool',
  'ipaddr',
  'ipnet',
])
