import type { Memo, MemoHolder } from '@falc/engine'

/** One open file descriptor (libsinsp's fdinfo). One shape; `forget` (memo = null) when anything that fd.* reads changes. */
export class Fd implements MemoHolder {
  memo: Memo | null = null
  num: number
  /** SCAP_FD_* (scap-format.md). */
  type: number
  /** O_* in Falco's PPM_O_ encoding. */
  openFlags = 0
  /** Role, connected, overlay layer, cloexec … bits, see FdFlag. */
  flags = 0
  name = ''
  nameRaw = ''
  dev = 0
  ino = 0n
  /** 4 or 16 bytes each; null when not an inet socket. */
  sip: Uint8Array | null = null
  dip: Uint8Array | null = null
  sport = 0
  dport = 0
  /** SCAP_L4_*. */
  l4proto = 0
  mountId = 0
  pid = 0

  constructor(num: number, type: number) {
    this.num = num
    this.type = type
  }
}

/** The descriptors of one process; threads of a group share one. */
export class FdTable {
  readonly map = new Map<number, Fd>()
}
