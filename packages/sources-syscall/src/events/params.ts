/**
 * The types of event parameters and their sizes in bytes; 0 = variable. A parameter of fixed size may also be encoded with
 * length 0: nothing was collected. Numbers are little-endian, addresses are in network order.
 */
export const PARAM_SIZES = {
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  /** i64; negative = -errno. */
  errno: 8,
  /** i64; negative = -errno where a call returns it, -100 = AT_FDCWD. */
  fd: 8,
  fd32: 4,
  pid: 8,
  pid32: 4,
  uid: 4,
  gid: 4,
  flags8: 1,
  flags16: 2,
  flags32: 4,
  enumflags8: 1,
  enumflags16: 2,
  enumflags32: 4,
  mode: 4,
  /** PPM_SC_* code, see `syscalls.ts`. */
  syscallid: 2,
  sigtype: 1,
  /** Bit n is signal n+1. */
  sigset: 4,
  /** ns; all ones = none. */
  reltime: 8,
  /** ns since 1970. */
  abstime: 8,
  port: 2,
  ipv4addr: 4,
  ipv6addr: 16,
  /** NUL-terminated; the length counts the NUL. */
  string: 0,
  path: 0,
  /** A path relative to the descriptor in parameter `dirfd`. */
  relpath: 0,
  bytes: 0,
  /** A sequence of NUL-terminated strings. */
  strings: 0,
  pairs: 0,
  /** u8 family, then address and port, or a path. */
  sockaddr: 0,
  /** u8 family, then both ends. */
  socktuple: 0,
  /** u16 count, then (i64 fd, i16 poll events). */
  fdlist: 0,
  /** u8 index into the parameter's table of variants, then a value of that type. */
  dyn: 0,
} as const

export type ParamType = keyof typeof PARAM_SIZES

/** How Falco prints a number: decimal, hex, padded with zeros to 9 digits, octal; `na` = no number. */
export type ParamFormat = 'na' | 'dec' | 'hex' | 'padded' | 'id' | 'dir' | 'oct'

export interface ParamInfo {
  readonly name: string
  readonly type: ParamType
  readonly format: ParamFormat
  /** Names of the bits or values: a key of FLAG_TABLES, or null. */
  readonly flags: string | null
  /** For `relpath`: index of the parameter that holds the directory's descriptor; -1 = none. */
  readonly dirfd: number
  /** For `dyn`: the variants by index, else null. */
  readonly variants: readonly { readonly type: ParamType; readonly format: ParamFormat }[] | null
}

/** Variants of `dyn` parameters; the first byte of a parameter selects one. */
export const DYN_TABLES: Readonly<Record<string, ParamInfo['variants']>> = {
  sockopt_dynamic_param: [
    { type: 'bytes', format: 'hex' },
    { type: 'errno', format: 'dec' },
    { type: 'uint32', format: 'dec' },
    { type: 'uint64', format: 'dec' },
    { type: 'reltime', format: 'dec' },
  ],
  ptrace_dynamic_param: [
    { type: 'uint64', format: 'hex' },
    { type: 'sigtype', format: 'dec' },
  ],
  bpf_dynamic_param: [
    { type: 'fd', format: 'dec' },
    { type: 'errno', format: 'dec' },
  ],
  keyctl_dynamic_param: [
    { type: 'int64', format: 'dec' },
    { type: 'string', format: 'na' },
  ],
}
