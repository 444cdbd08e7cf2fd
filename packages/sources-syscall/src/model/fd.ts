import type { Memo, MemoHolder } from '@falc/engine'

/** SCAP_FD_*: kinds of descriptors. */
export const FdKind = {
  unknown: 0,
  file: 1,
  directory: 2,
  ipv4Socket: 3,
  ipv6Socket: 4,
  /** Listening. */
  ipv4Server: 5,
  ipv6Server: 6,
  fifo: 7,
  unixSocket: 8,
  event: 9,
  unsupported: 10,
  signalfd: 11,
  eventpoll: 12,
  inotify: 13,
  timerfd: 14,
  netlink: 15,
  /** A file with its open flags and device. */
  fileV2: 16,
  bpf: 17,
  userfaultfd: 18,
  ioUring: 19,
  memfd: 20,
  pidfd: 21,
} as const

export function isInet(kind: number): boolean {
  return kind >= FdKind.ipv4Socket && kind <= FdKind.ipv6Server
}

/** Bits of `Fd.flags`. */
export const FD_ROLE_CLIENT = 1
export const FD_ROLE_SERVER = 2
export const FD_ROLES = FD_ROLE_CLIENT | FD_ROLE_SERVER
export const FD_CONNECTED = 4
/** The file lies in the upper (written) or a lower layer of an overlay file system. */
export const FD_OVERLAY_UPPER = 32
export const FD_OVERLAY_LOWER = 64
/** All programs that open the file in the same way share this object (OpenFiles): copy it before changing it (FdTable.own). */
export const FD_SHARED = 128

/** Bit of `Fd.openFlags` (PPM_O_CLOEXEC): execve closes it. */
export const O_CLOEXEC = 1 << 12

/** SCAP_L4_*: transport protocol of an inet socket. */
export const L4_UNKNOWN = 0
export const L4_TCP = 2
export const L4_UDP = 3
export const L4_ICMP = 4
export const L4_RAW = 5

/** Makes a descriptor's name from its other properties. */
export interface LateName {
  /** 1 more than that of the descriptor that the name is made from; 0: from none. */
  readonly lateness: number
  /** It is kept after the name has been made, for its other contents. */
  readonly stays: boolean
  of(fd: Fd): string
}

/** What few descriptors have, as most are files. */
class Rare {
  inoHigh = 0
  sip: Uint8Array | null = null
  dip: Uint8Array | null = null
  sport = 0
  dport = 0
  l4proto = 0
  pid = 0
}

/** Of the others; never written to. */
const NOTHING_RARE = new Rare()

/**
 * One open file descriptor (libsinsp's fdinfo). Fields with scope `fd` depend only on this object, and not on its `num`:
 * after a fork, the tables of both processes share the object until one of them changes it. Any change to another property
 * resets `memo` to null.
 *
 * What objects of the hot path keep to themselves, here and in other classes, is private to TypeScript alone: V8's middle compiler
 * makes and changes #names by a call, and a private method takes room in each object.
 */
export class Fd implements MemoHolder {
  // Properties compared when a known file is opened come first, to fit in one cache line (OpenFiles).
  /** The lower half of the inode number, signed: see Thread.ownUid. `ino` is the whole. */
  inoLow = 0
  /** O_* in Falco's PPM_O_ encoding. */
  openFlags = 0
  dev = 0
  /** The path as it was passed to open. */
  nameRaw = ''
  /** The path of the opened file as resolved by the kernel; '' = not recorded, or the same as the path passed. */
  resolved = ''
  private ownName: string | LateName = ''
  /** `type`, and `flags` from bit 8 on. */
  private kind: number
  memo: Memo | null = null
  /** The number under which it was last opened; several tables and numbers may share the object. */
  num: number
  private rare: Rare = NOTHING_RARE
  /** Which tree may change this object: see FdTree. */
  generation = 0
  /** Where a search for texts in paths stands behind the name and a slash: see PathSearch. 0 = not known. */
  searched = 0

  constructor(num: number, type: number) {
    this.kind = type
    this.num = num
  }

  /** The file's path, or what else a descriptor of this kind is known by. */
  get name(): string {
    const name = this.ownName
    if (typeof name === 'string') return name
    const made = name.of(this)
    if (!name.stays) this.ownName = made
    return made
  }

  set name(name: string) {
    this.ownName = name
  }

  /** Lets the name be made from the other properties when it is asked for. */
  nameLate(late: LateName): void {
    this.ownName = late
  }

  /** What makes the name; null = the name itself is kept. */
  get late(): LateName | null {
    const name = this.ownName
    return typeof name === 'string' ? null : name
  }

  /** How many names of other descriptors have to be made before this one's. */
  get lateness(): number {
    const name = this.ownName
    return typeof name === 'string' ? 0 : name.lateness
  }

  /** The upper half of the inode number, hardly ever used; the two are apart to avoid an allocation on open. */
  get inoHigh(): number {
    return this.rare.inoHigh
  }

  set inoHigh(high: number) {
    if (high !== this.rare.inoHigh) this.ownRare().inoHigh = high
  }

  /** Client address: 4 or 16 bytes in network order; null unless this is a socket with a tuple. */
  get sip(): Uint8Array | null {
    return this.rare.sip
  }

  set sip(address: Uint8Array | null) {
    this.ownRare().sip = address
  }

  /** Server address, or the address of a listening socket (IPV4_SERVSOCK, IPV6_SERVSOCK). */
  get dip(): Uint8Array | null {
    return this.rare.dip
  }

  set dip(address: Uint8Array | null) {
    this.ownRare().dip = address
  }

  get sport(): number {
    return this.rare.sport
  }

  set sport(port: number) {
    this.ownRare().sport = port
  }

  /** Server port, or the port of a listening socket. */
  get dport(): number {
    return this.rare.dport
  }

  set dport(port: number) {
    this.ownRare().dport = port
  }

  /** SCAP_L4_* */
  get l4proto(): number {
    return this.rare.l4proto
  }

  set l4proto(protocol: number) {
    this.ownRare().l4proto = protocol
  }

  /** For a pidfd: the process it refers to. */
  get pid(): number {
    return this.rare.pid
  }

  set pid(pid: number) {
    this.ownRare().pid = pid
  }

  private ownRare(): Rare {
    if (this.rare === NOTHING_RARE) this.rare = new Rare()
    return this.rare
  }

  /** SCAP_FD_*: see FdKind. */
  get type(): number {
    return this.kind & 0xff
  }

  set type(type: number) {
    this.kind = (this.kind & ~0xff) | type
  }

  /** FD_ROLE_* | FD_CONNECTED | … */
  get flags(): number {
    return this.kind >> 8
  }

  set flags(flags: number) {
    this.kind = (this.kind & 0xff) | (flags << 8)
  }

  get ino(): bigint {
    return (BigInt(this.inoHigh) << 32n) | BigInt(this.inoLow >>> 0)
  }

  /** Returns a copy with another number, without a memo and not yet owned by a table. */
  copy(num: number): Fd {
    const fd = new Fd(num, this.type)
    fd.openFlags = this.openFlags
    fd.flags = this.flags & ~FD_SHARED
    fd.ownName = this.ownName
    fd.nameRaw = this.nameRaw
    fd.resolved = this.resolved
    fd.dev = this.dev
    fd.inoLow = this.inoLow
    fd.searched = this.searched
    if (this.rare !== NOTHING_RARE) fd.rare = Object.assign(new Rare(), this.rare)
    return fd
  }
}
