import { type Fd, FdKind } from './fd.ts'

/**
 * The descriptor numbers, below 1024, under which any process has had an inet socket: 1 per number. Two thirds of the events of a
 * busy machine read and write other descriptors, and so show nothing about a connection. A number that was once one stays in.
 */
export const SOCKET_NUMBERS: Uint8Array = new Uint8Array(1024)
/** Second name: see event.ts. */
const NUMBERS = SOCKET_NUMBERS

/** Call it wherever a descriptor is stored under a number, or may become a socket. */
export function noteSocket(num: number, fd: Fd): void {
  if (fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket) maySocket(num)
}

export function maySocket(num: number): void {
  if (num < NUMBERS.length) NUMBERS[num] = 1
}
