/** The settings reach the server from every editor of docs/editors.md, each of which sends them in its own way. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Client } from './client.ts'

const root = mkdtempSync(join(tmpdir(), 'falc-editors-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const SETTINGS = { loadBefore: ['falco_rules.yaml'] }
const RULE = `- rule: Shell
  desc: A shell
  condition: spawned and proc.name = bash
  output: Shell (user=%user.name cmd=%proc.cmdline)
  priority: WARNING
`

const EDITORS: readonly { editor: string; start(client: Client): Promise<unknown> }[] = [
  {
    editor: 'VS Code and Emacs: the response to workspace/configuration',
    start: client => {
      client.settings = SETTINGS
      return client.initialize()
    },
  },
  {
    editor: 'Neovim: the response, and a change as soon as the server has started',
    start: async client => {
      client.settings = SETTINGS
      await client.initialize()
      await client.notify('workspace/didChangeConfiguration', { settings: { falc: SETTINGS } })
    },
  },
  {
    editor: 'Helix: initializationOptions, a change without the section, and null as the response',
    start: async client => {
      client.settings = null
      await client.initialize(SETTINGS)
      await client.notify('workspace/didChangeConfiguration', { settings: SETTINGS })
    },
  },
]

test.each(EDITORS)('$editor', async ({ start }) => {
  const folder = mkdtempSync(join(root, 'workspace-'))
  mkdirSync(join(folder, 'mine'))
  writeFileSync(join(folder, 'falco_rules.yaml'), '- macro: spawned\n  condition: evt.type = execve\n')
  writeFileSync(join(folder, 'mine/rules.yaml'), RULE)
  const client = new Client(folder)
  await start(client)
  const uri = client.uri('mine/rules.yaml')
  await client.notify('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version: 1, text: RULE },
  })
  await client.settled()
  expect(client.diagnostics.get(uri)).toEqual([])
  expect(await client.stop()).toBe(0)
})
