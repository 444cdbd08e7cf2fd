/** A process that may not map the rings sees the same events, over the socket. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Engine, missing } from './machine.ts'
import { Service } from './service.ts'

const reason = missing()
const EPERM = 1
const ENOMEM = 12
const EACCES = 13

describe.skipIf(reason !== undefined)('mapping is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-refusal-'))
  let service: Service
  let engine: Engine | undefined
  beforeAll(async () => {
    execFileSync('cc', [join(import.meta.dirname, 'refuse.c'), '-o', join(folder, 'refuse')])
    service = await new Service().start()
  })
  afterEach(async () => {
    await engine?.stop()
    engine = undefined
  })
  afterAll(async () => {
    await service.stop()
    rmSync(folder, { recursive: true })
  })

  const refused = (errno: number) =>
    Engine.start({ socketPath: service.path, through: [join(folder, 'refuse'), String(errno)] })

  test.each([
    [EPERM, 'Operation not permitted'],
    [EACCES, 'Permission denied'],
    [ENOMEM, 'Cannot allocate memory'],
  ])('by a filter, with error %i: events come over the socket, which is reported once', async (errno, text) => {
    engine = await refused(errno)
    await engine.sees('one')
    process.kill(service.worker!, 'SIGKILL')
    await engine.warned(2)
    await engine.sees('two')
    const [first, ...others] = engine.warnings
    expect(first).toBe(
      `shared memory with the kernel is refused (mmap of the ring: ${text}): events come over the socket, which is slower`,
    )
    expect(others.map(other => other.slice(0, 22))).toEqual(['the sidecar at /tmp/fa'])
    expect((await engine.ask('counts')).malformed).toBe(0)
  })

  test('by a filter, with an error that is not a refusal: the engine does not start, with the reason', async () => {
    await expect(refused(9)).rejects.toThrow('mmap of the ring: Bad file descriptor')
  })

  test('for lack of address space: events come over the socket, which is reported', async () => {
    engine = await Engine.start({ socketPath: service.path, ringBytes: 128 << 20 })
    await engine.sees('one')
    expect(engine.warnings).toEqual([])
    // From now on there is room for everything but rings of this size.
    const size = Number(/^VmSize:\s+(\d+)/m.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))![1]) * 1024
    execFileSync('prlimit', ['--pid', String(engine.pid), `--as=${size + (128 << 20)}`])
    process.kill(service.worker!, 'SIGKILL')
    await engine.warned(2)
    await engine.sees('two')
    expect(engine.warnings[1]).toContain('refused (mmap of the ring: Cannot allocate memory)')
    expect(engine.warnings.length).toBe(2)
  })
})
