/**
 * What an enter event holds and its exit event may not: paths and addresses as they were passed, before another
 * thread could change them. Kept on the thread until the exit.
 */
export class EnterEvent {
  /** PPME_* id of the enter event: its exit's is one more. */
  readonly type: number
  /** Path as passed; '' = not recorded. */
  readonly name: string
  readonly flags: number
  /** -100 = the working directory. */
  readonly dirfd: number
  /** connect: the descriptor and the address. */
  readonly fd: number
  readonly address: Uint8Array

  constructor(type: number, name: string, flags: number, dirfd: number, fd: number, address: Uint8Array) {
    this.type = type
    this.name = name
    this.flags = flags
    this.dirfd = dirfd
    this.fd = fd
    this.address = address
  }
}
