/** The addon reports what is wrong with its arguments; it never crashes the process. */
import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAddon } from '../../src/live/native.ts'
import { ADDON, missingAddon } from './machine.ts'

const reason = missingAddon()

describe.skipIf(reason !== undefined)('addon', () => {
  const addon = reason === undefined ? loadAddon() : (undefined as never)
  const byte = new Uint8Array(1)
  const call = addon as unknown as Record<string, (...args: unknown[]) => unknown>

  const closed = () => {
    const [fd, other] = addon.socketpair()
    addon.close(fd)
    addon.close(other)
    return fd
  }

  test.each<[string, () => unknown, RegExp]>([
    ['a descriptor closed twice', () => addon.close(closed()), /^descriptor \d+ is closed, or did not come from here$/],
    ['a descriptor of the runtime', () => addon.close(1), /^descriptor 1 is closed/],
    ['a negative descriptor', () => addon.receive(-1, byte), /^descriptor -1 is closed/],
    ['a huge descriptor', () => addon.send(0x7fffffff, byte), /^descriptor 2147483647 is closed/],
    ['a descriptor that is not a number', () => call.close!('3'), /^expected an integer$/],
    ['a missing argument', () => call.close!(), /^too few arguments$/],
    ['a file instead of a ring', () => addon.map(openSync('/etc/passwd', 'r'), 4096), /^descriptor \d+ is closed/],
    ['a socket instead of a ring', () => addon.map(addon.socketpair()[0], 4096), /^the descriptor is not a BPF map$/],
    ['a send to a closed descriptor', () => addon.send(closed(), byte), /^descriptor \d+ is closed/],
    ['an empty buffer to send', () => addon.send(addon.socketpair()[0], new Uint8Array(0)), /at least one byte$/],
    ['an empty buffer to receive', () => addon.receive(addon.socketpair()[0], new Uint8Array(0)), /at least one byte$/],
    [
      'an array of another type',
      () => call.receive!(addon.socketpair()[0], new Float64Array(1)),
      /^expected a Uint8Array/,
    ],
    ['a transferred buffer', () => addon.send(addon.socketpair()[0], detached()), /^expected a Uint8Array/],
    ['a path that is too long', () => addon.connect('x'.repeat(108)), /^expected the path of a socket/],
    ['an empty path', () => addon.connect(''), /^expected the path of a socket/],
    ['a path that does not exist', () => addon.connect('/nowhere/probe.sock'), /^connect: No such file or directory$/],
    ['a path that is not a socket', () => addon.connect('/dev/null'), /^connect: Connection refused$/],
  ])('%s is rejected', (_, act, message) => {
    expect(act).toThrow(message)
  })

  test('with a closed peer, a send fails with EPIPE and a receive returns end of file', () => {
    const [ours, theirs] = addon.socketpair()
    addon.close(theirs)
    expect(() => addon.send(ours, byte)).toThrow(expect.objectContaining({ code: 'EPIPE' }))
    expect(addon.receive(ours, byte)).toEqual({ length: 0, fds: [] })
    addon.close(ours)
  })

  test('calls with arbitrary arguments fail at most with errors', () => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'addon-fuzz.mjs'), ADDON],
      {
        encoding: 'utf8',
      },
    )
    expect({ signal, status, stderr }).toEqual({ signal: null, status: 0, stderr: '' })
    const { calls, errors } = JSON.parse(stdout)
    expect(calls).toBe(200_000)
    expect(errors).toBeGreaterThan(50_000)
    expect(errors).toBeLessThan(200_000)
  })
})

function detached(): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}
