/** Reading the user names of a container: it can neither block the sidecar nor make it read files of the host. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../../../src/live/native.ts'
import { COUNTERS, Frame, Names, NamesOutcome, NamesRequest } from '../../../src/live/wire.ts'
import { missing, missingFuse, until } from '../machine.ts'
import { configure, frame, Peer } from '../peer.ts'
import { Service } from '../service.ts'

const reason = missing()

describe.skipIf(reason !== undefined)('names of a container', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-jail-'))
  const jails: ChildProcess[] = []
  let service: Service
  let peer: Peer
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'jail.c'), '-o', join(folder, 'jail')])
    service = await new Service().start()
    const addon = loadAddon()
    peer = new Peer(addon, addon.connect(service.path))
    peer.send(frame(Frame.configure, configure()))
    await peer.hears(Frame.ready)
  })
  afterAll(async () => {
    for (const jail of jails) jail.kill('SIGKILL')
    peer?.close()
    await service?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function jail(kind: string): Promise<number> {
    const child = spawn(join(folder, 'jail'), [mkdtempSync(join(folder, `${kind}-`)), kind], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    jails.push(child)
    let said = ''
    child.stdout!.on('data', data => (said += data))
    await until('the jail', () => said.endsWith('\n') || child.exitCode !== null)
    return Number(said)
  }

  async function ask(pid: number): Promise<{ outcome: number; text: string }> {
    const request = Buffer.alloc(NamesRequest.size)
    request.writeUInt32LE(pid)
    peer.payloads.delete(Frame.names)
    peer.send(frame(Frame.names, request))
    const payload = await until('the answer', () => {
      peer.listen()
      // There may be answers about other processes, too.
      const answer = peer.payloads.get(Frame.names)
      return answer?.readUInt32LE(Names.pid) === pid && answer
    })
    return { outcome: payload.readUInt32LE(Names.outcome), text: payload.toString('utf8', Names.text) }
  }

  test('are read from its plain files', async () => {
    const { outcome, text } = await ask(await jail('plain'))
    expect(outcome).toBe(NamesOutcome.read)
    expect(text).toBe('jailed:x:4242:4242::/home:/bin/sh\njailed:x:4242:\n')
  })

  test('are the host’s when the process shares the host’s root', async () => {
    expect(await ask(process.pid)).toEqual({ outcome: NamesOutcome.shared, text: '' })
  })

  test('are unknown when the process has ended', async () => {
    expect(await ask(0x3fffff)).toEqual({ outcome: NamesOutcome.gone, text: '' })
  })

  test('are not read from the host’s files through an absolute link', async () => {
    expect((await ask(await jail('link'))).text).toBe('')
  })

  test.each(['fifo', 'device', 'huge'])('are read only from plain files of bounded size: %s is refused', async kind => {
    expect(await ask(await jail(kind))).toEqual({ outcome: NamesOutcome.refused, text: '' })
  })

  test.skipIf(missingFuse() !== undefined)(
    'on a file system that never answers are refused, and other names are read meanwhile',
    async () => {
      const hanging = await jail('hang')
      const request = Buffer.alloc(NamesRequest.size)
      request.writeUInt32LE(hanging)
      peer.send(frame(Frame.names, request))
      expect((await ask(await jail('plain'))).outcome).toBe(NamesOutcome.read)
      expect(await ask(hanging)).toEqual({ outcome: NamesOutcome.refused, text: '' })
    },
  )

  test('that are refused are counted', async () => {
    peer.payloads.delete(Frame.stats)
    await peer.hears(Frame.stats)
    await until('the count', () => {
      peer.listen()
      const stats = peer.payloads.get(Frame.stats)
      return stats !== undefined && stats.readBigUInt64LE(COUNTERS.indexOf('namesRefused') * 8) >= 3n
    })
  })
})
