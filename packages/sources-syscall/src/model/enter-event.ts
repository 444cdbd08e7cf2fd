/**
 * Data that an enter event has but its exit event may lack: paths and addresses as passed, before another thread could
 * change them. Kept on the thread until the exit event.
 */
export class EnterEvent {
  /** PPME_* id of the enter event; the exit event's id is one higher. */
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
