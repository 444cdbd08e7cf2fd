import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { CancellationTokenSource } from 'vscode-jsonrpc/node'
import { Client } from './client.ts'

const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let client: Client

beforeEach(async () => {
  client = new Client(mkdtempSync(join(folder, 'w-')))
})
afterEach(async () => {
  expect(await client.stop()).toBe(0)
  expect(client.stderr).toBe('')
})

const rule = (name: string, condition: string) => `- rule: ${name}
  desc: d
  condition: ${condition}
  output: x (user=%user.name cmd=%proc.cmdline)
  priority: WARNING
`
const open = (file: string, text: string) =>
  client.notify('textDocument/didOpen', {
    textDocument: { uri: client.uri(file), languageId: 'yaml', version: 1, text },
  })
const change = (file: string, version: number, contentChanges: object[]) =>
  client.notify('textDocument/didChange', { textDocument: { uri: client.uri(file), version }, contentChanges })
const diagnostics = async (file: string) => {
  await client.settled()
  return (client.diagnostics.get(client.uri(file)) ?? []).map(({ code }) => code)
}
const ask = (method: string, file: string, more: object = {}) =>
  client.ask(`textDocument/${method}`, { textDocument: { uri: client.uri(file) }, ...more })
const at = (line: number, character: number) => ({ position: { line, character } })

test('a workspace of 1,000 files: names are found in all, and the last file is analysed after the others', async () => {
  for (let i = 0; i < 1000; i++)
    writeFileSync(
      join(client.folder, `r${String(i).padStart(4, '0')}.yaml`),
      `- macro: m${i}\n  condition: proc.name = p${i}\n${rule(`R${i}`, `evt.type = execve and m${i} and ${i === 0 ? 'm0' : 'm0 and m1'}`)}`,
    )
  await client.initialize()
  const last = `- macro: m1000\n  condition: proc.name = x\n${rule('R1000', 'evt.type = execve and m1000 and m998 and m1001')}`
  await open('z.yaml', last)
  const found = await client.ask<object[]>('workspace/symbol', { query: 'R99' })
  expect(found.length).toBeGreaterThan(10)
  expect(await diagnostics('z.yaml')).toEqual(['LOAD_ERR_VALIDATE'])
  const [definition] = await ask('definition', 'z.yaml', at(4, 48))
  expect(definition.uri).toBe(client.uri('r0998.yaml'))
  const { changes } = await ask('rename', 'r0000.yaml', { ...at(0, 10), newName: 'first' })
  expect(Object.keys(changes)).toHaveLength(1000)
  await change('z.yaml', 2, [{ text: last.replace(' and m1001', '') }])
  expect(await diagnostics('z.yaml')).not.toContain('LOAD_ERR_VALIDATE')
})

test('after 300 edits without a pause, the last text is analysed', async () => {
  await client.initialize()
  const text = rule('R', 'evt.type = execve and proc.name = a')
  await open('a.yaml', text)
  const end = { line: 2, character: 48 }
  for (let version = 2; version < 302; version++) {
    const from = { line: 2, character: 47 }
    const insert = version % 2 === 0 ? 'x' : '\n   '
    await change('a.yaml', version, [{ range: { start: from, end: from }, text: insert }])
    await change('a.yaml', version, [
      { range: { start: from, end: insert === 'x' ? end : { line: 3, character: 3 } }, text: '' },
    ])
  }
  await change('a.yaml', 302, [
    { range: { start: { line: 2, character: 46 }, end: { line: 2, character: 47 } }, text: 'b and nothing' },
  ])
  expect(await diagnostics('a.yaml')).toEqual(['LOAD_ERR_VALIDATE'])
  const found = await ask('hover', 'a.yaml', at(2, 16))
  expect(found.contents.value).toContain('evt.type')
})

test('cancelled requests finish, and the next request is answered', async () => {
  await client.initialize()
  await open('a.yaml', rule('R', 'evt.type = execve and proc.name = a').repeat(500))
  const answers = Array.from({ length: 50 }, async () => {
    const source = new CancellationTokenSource()
    const answer = client.connection
      .sendRequest('textDocument/semanticTokens/full', { textDocument: { uri: client.uri('a.yaml') } }, source.token)
      .then(
        () => 'answered',
        ({ code }) => code,
      )
    source.cancel()
    return answer
  })
  // -32800: RequestCancelled
  for (const answer of await Promise.all(answers)) expect(['answered', -32800]).toContain(answer)
  expect((await ask('documentSymbol', 'a.yaml')).length).toBe(500)
})

test('deep nesting is reported as an error, and requests are still answered', async () => {
  await client.initialize()
  const deep = '('.repeat(50_000)
  await open('a.yaml', rule('R', `${deep}evt.type = execve`) + rule('S', 'tolower('.repeat(20_000)))
  await open('b.yaml', `- list: l\n  items: ${'['.repeat(50_000)}\n${' - '.repeat(2000)}x: y\n`)
  expect(await diagnostics('a.yaml')).toContain('LOAD_ERR_COMPILE_CONDITION')
  expect(await diagnostics('b.yaml')).toContain('LOAD_ERR_YAML_PARSE')
  for (const file of ['a.yaml', 'b.yaml'])
    for (const method of ['documentSymbol', 'foldingRange', 'semanticTokens/full', 'codeLens']) await ask(method, file)
  await ask('completion', 'a.yaml', at(2, 40_000))
})

test('oversized, binary and mostly blank files leave the server responsive', async () => {
  await client.initialize()
  await open('large.yaml', rule('R', `proc.name in (${'abcdefgh, '.repeat(500_000)})`))
  await open('binary.yaml', `- rule: \u0000\ufffd${'\u0001'.repeat(1000)}\n  condition: \ud800 and\r\n\r  output: %`)
  await open(
    'blank.yaml',
    `${'\n'.repeat(300_000)}- rule: R\n${' '.repeat(300_000)}\n  condition: a ${' '.repeat(1_000_000)}\n`,
  )
  await open('blank.test.yaml', `tests:\n - name: a${' '.repeat(500_000)}b\n   a${' "'.repeat(100_000)}`)
  expect(await ask('documentSymbol', 'large.yaml')).toBeNull()
  expect(await ask('documentSymbol', 'blank.yaml')).toHaveLength(1)
  await ask('codeLens', 'blank.yaml')
  await diagnostics('binary.yaml')
  for (const file of ['large.yaml', 'binary.yaml'])
    for (const method of ['completion', 'hover', 'definition']) await ask(method, file, at(1, 14))
})

test('unknown files, positions and commands are harmless, and an untitled file is analysed', async () => {
  mkdirSync(join(client.folder, 'folder.yaml'))
  await client.initialize()
  await open('a.yaml', rule('R', 'evt.type = execve'))
  expect(await ask('hover', 'nowhere.yaml', at(0, 0))).toBeNull()
  expect(await ask('hover', 'a.yaml', at(9999, 9999))).toBeNull()
  expect(await ask('documentSymbol', '../../../etc/passwd')).toBeNull()
  await change('nowhere.yaml', 2, [{ text: 'x' }])
  await client.notify('textDocument/didClose', { textDocument: { uri: client.uri('nowhere.yaml') } })
  await client.notify('workspace/didChangeWatchedFiles', {
    changes: ['folder.yaml', 'gone.yaml'].map(file => ({ uri: client.uri(file), type: 2 })),
  })
  await expect(
    client.ask('workspace/executeCommand', { command: 'falc.runTests', arguments: [['file:///etc/passwd', 7]] }),
  ).resolves.toMatchObject({ failed: [] })
  await expect(client.ask('workspace/executeCommand', { command: 'rm', arguments: [] })).rejects.toThrow('no command')
  const untitled = {
    textDocument: { uri: 'untitled:Untitled-1', languageId: 'yaml', version: 1, text: rule('R', 'x') },
  }
  await client.notify('textDocument/didOpen', untitled)
  await client.settled()
  expect(client.diagnostics.get('untitled:Untitled-1')).toHaveLength(1)
})
