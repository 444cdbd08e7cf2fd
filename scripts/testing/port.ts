import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * Ports below the ephemeral range of Linux. A server may take seconds to start: an ephemeral port could be taken by then, and
 * a client that keeps trying to connect to one may connect to itself.
 */
const FIRST = 20_000
const LAST = 32_000

/** Ports that a process takes at a time. */
const BLOCK = 40

/** Ports of this process: it listens on the first of each block until it exits, so that no other test takes the rest. */
const own: number[] = []

/** A TCP port that no other test has or will have, for servers that cannot choose one. @throws {Error} when all are taken */
export async function freePort(): Promise<number> {
  for (;;) {
    if (own.length === 0) await takeBlock()
    const port = own.shift()!
    const server = await listen(port)
    if (server === undefined) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

async function takeBlock(): Promise<void> {
  const blocks = Math.floor((LAST - FIRST) / BLOCK)
  const start = Math.floor(Math.random() * blocks)
  for (let i = 0; i < blocks; i++) {
    const first = FIRST + ((start + i) % blocks) * BLOCK
    const server = await listen(first)
    if (server === undefined) continue
    server.unref()
    for (let port = first + 1; port < first + BLOCK; port++) own.push(port)
    return
  }
  throw new Error(`no block of ports from ${FIRST} to ${LAST} is free`)
}

/** @returns undefined when the port is in use */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port)
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
