/**
 * Connections to sockets that users control. A path below /run/user may lead anywhere, even to a file system that never answers,
 * and connecting blocks the calling thread. So a separate process, which can be killed, connects as that user and relays the bytes.
 */
import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { findNative } from '../live/native.ts'

/** Timeout in milliseconds for connecting. */
const CONNECT_TIMEOUT = 1000
/** Minimum milliseconds between starts of the process for one user, to bound the cost of look-ups that can't succeed. */
const MIN_INTERVAL = 100

export type Connected = (error: Error | null, socket?: Duplex) => void

/** Whether this process can connect as `uid`: it is root or that user, and the program that connects is installed. */
export function canConnectAs(uid: number): boolean {
  if (process.geteuid?.() !== 0 && process.geteuid?.() !== uid) return false
  try {
    return findNative('probe') !== ''
  } catch {
    return false
  }
}

/** Returns a function that connects to `path` as that user, for `Agent.createConnection` and the like. */
export function connectorAs(uid: number, path: string, timeout = CONNECT_TIMEOUT): (connected: Connected) => void {
  let last = Number.NEGATIVE_INFINITY
  return connected => {
    const now = performance.now()
    if (now - last < MIN_INTERVAL) return void setImmediate(connected, failure('EAGAIN', path))
    last = now
    connectAs(uid, path, timeout, connected)
  }
}

function connectAs(uid: number, path: string, timeout: number, connected: Connected): void {
  const child = spawn(findNative('probe'), ['--fd', '3', '--connect', path, '--uid', String(uid)], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    cwd: '/',
    env: {},
  })
  // A process that was not started for lack of descriptors has no pipes, and reports that later.
  const { stdio } = child as { readonly stdio?: readonly unknown[] }
  const socket = stdio?.[3] as Duplex | undefined
  if (!socket) return void child.on('error', () => connected(failure('ECONNREFUSED', path)))
  let waiting = true
  const end = (error: Error | null) => {
    if (!waiting) return
    waiting = false
    clearTimeout(timer)
    socket.off('readable', read)
    if (error === null) return connected(null, socket)
    socket.destroy()
    child.kill('SIGKILL')
    connected(error)
  }
  /** The first byte is the errno from connecting, 0 for success. */
  const read = () => {
    const status = socket.read(1) as Buffer | null
    if (status === null) return
    const errno = status[0]!
    end(errno === 0 ? null : failure(CODES[errno] ?? 'ECONNREFUSED', path))
  }
  const timer = setTimeout(() => end(failure('ETIMEDOUT', path)), timeout)
  child.unref()
  child.on('error', () => end(failure('ECONNREFUSED', path)))
  socket.on('readable', read)
  socket.on('error', () => {})
  socket.on('close', () => {
    child.kill('SIGKILL')
    end(failure('ECONNREFUSED', path))
  })
}

/** Linux error numbers that are more specific than a refused connection. */
const CODES: Readonly<Record<number, string>> = { 2: 'ENOENT', 13: 'EACCES', 20: 'ENOTDIR', 88: 'ENOTSOCK' }

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`connect ${code} ${path}`), { code })
}
