import type { Socket } from 'node:net'

/** Who is connected, as limits count clients: an IPv4 address, or the 64 bits of an IPv6 address that a network assigns. */
export function clientOf(socket: Pick<Socket, 'remoteAddress'>): string {
  let client = known.get(socket)
  if (client === undefined) known.set(socket, (client = named(socket)))
  return client
}

/** An address is asked of the system, and limits ask at each request. */
const known = new WeakMap<object, string>()

function named({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1]
  if (four !== undefined) return four
  if (!remoteAddress.includes(':')) return remoteAddress
  const [start = '', end] = remoteAddress.split('%', 1)[0]!.split('::')
  const groups = (text = '') => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(start), groups(end)]
  const zeros = end === undefined ? 0 : 8 - left.length - right.length
  return `${[...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).join(':')}::/64`
}
