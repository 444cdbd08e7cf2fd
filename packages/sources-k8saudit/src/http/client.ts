import type { Socket } from 'node:net'
import { clientAt } from '@falc/engine/analysis'

/** Identifies the client of a connection, for limits per client. */
export function clientOf(socket: Pick<Socket, 'remoteAddress'>): string {
  let client = known.get(socket)
  if (client === undefined) known.set(socket, (client = clientAt(socket.remoteAddress ?? '')))
  return client
}

/** An address is asked of the system, and limits ask at each request. */
const known = new WeakMap<object, string>()
