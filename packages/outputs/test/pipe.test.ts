/** A named pipe where a file is expected: nothing blocks on it. */
import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { FileOutput } from '../src/index.ts'
import { readTls } from '../src/net/tls.ts'
import { item } from './transports/items.ts'

test.each([true, false])('alerts wait until the pipe has a reader (kept open: %s)', async keepAlive => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-pipe-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const filename = join(dir, 'alerts')
  execFileSync('mkfifo', [filename])
  const output = await new FileOutput({ filename, keepAlive }).open()
  const send = () => output.send([item(1)])
  expect(await send()).toMatchObject({ delivered: 0, failure: { class: 'later', cause: 'ENXIO' } })
  const reader = await open(filename, constants.O_RDONLY | constants.O_NONBLOCK)
  expect(await send()).toEqual({ delivered: 1 })
  const { bytesRead, buffer } = await reader.read(Buffer.alloc(100_000))
  expect(buffer.toString('utf8', 0, bytesRead)).toBe(`${item(1).body}\n`)
  await reader.close()
  expect((await send()).failure?.class).toBe('later')
  await output.close()
})

test('a certificate file that is a pipe is an error', () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-pipe-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const pipe = join(dir, 'pem')
  execFileSync('mkfifo', [pipe])
  const reason = 'it is a pipe that nothing has been written to'
  for (const options of [{ tls_ca: pipe }, { tls_cert: pipe }])
    expect(() => readTls(options, 'chat')).toThrow(`chat: ${pipe}: ${reason}`)
})
