import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { Client } from './client.ts'
import { Player } from './play.ts'

const folder = mkdtempSync(join(tmpdir(), 'falc-lsp-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const sessions = readCases(new URL('./cases/sessions/', import.meta.url))

/** Each case is a session with its own server: files, requests and responses. */
describe.each(sessions)('$file', ({ cases }) => {
  test.each(cases)('$title', async one => {
    const client = new Client(mkdtempSync(join(folder, `${count++}-`)))
    const files = new Map([...one.sections].filter(([name]) => /\.ya?ml$/.test(name)))
    const player = new Player(client, files)
    await client.initialize()
    one.expect('answers', await player.play(one.lines('requests')))
    expect(await client.stop()).toBe(0)
    expect(client.stderr).toBe('')
  })
})

/** The request of a session for each capability of the server. */
const REQUESTS: Readonly<Record<string, string>> = {
  completion: 'complete',
  hover: 'hover',
  definition: 'definition',
  references: 'references',
  documentHighlight: 'highlight',
  rename: 'rename',
  documentSymbol: 'symbols',
  workspaceSymbol: 'find',
  foldingRange: 'folds',
  signatureHelp: 'signature',
  semanticTokens: 'tokens',
  inlayHint: 'inlays',
  documentFormatting: 'format',
  codeAction: 'actions',
  codeLens: 'lenses',
  executeCommand: 'run',
}

test('every capability of the server is used in some session', async () => {
  const client = new Client(mkdtempSync(join(folder, 'c-')))
  const { capabilities } = await client.initialize()
  await client.stop()
  const able = Object.keys(capabilities).flatMap(key => /^(.*)Provider$/.exec(key)?.[1] ?? [])
  const asked = new Set(
    sessions.flatMap(({ cases }) => cases.flatMap(one => one.lines('requests').map(line => line.split(' ')[0]))),
  )
  expect(able.filter(name => !asked.has(REQUESTS[name]))).toEqual([])
})
