import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startFalc } from './process.ts'

test('falc lsp answers requests, and exits on the exit notification', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { child, exit, output, sees } = startFalc(['lsp'], folder)
  const send = (message: object) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${text.length}\r\n\r\n${text}`)
  }
  send({ id: 1, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } })
  await sees('"name":"falc"')
  send({ id: 2, method: 'shutdown' })
  await sees('"id":2')
  send({ method: 'exit' })
  expect(await exit).toBe(0)
  expect(output.stderr).toBe('')
})

test('falc lsp exits when the editor closes standard input', async () => {
  const { child, exit } = startFalc(['lsp'], tmpdir())
  child.stdin.end()
  expect(await exit).not.toBeNull()
})
