/**
 * How long an editor waits for `falc lsp` after a keystroke: the time between sending the edit with a question and the answer, over
 * standard input and output. The goal: completions within 50 ms.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import { auditRules, root, syscallRules } from './files.ts'
import { report } from './measure.ts'

/** `nothing` is the peer: the same way there and back, to an answer that costs nothing. */
const QUESTIONS = ['completion', 'hover', 'definition', 'semanticTokens/full', 'documentSymbol', 'nothing'] as const
/** Edits of each file. */
const EDITS = 60

export async function benchEditor(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-editor-'))
  try {
    for (const { name, content } of [...syscallRules('all'), ...auditRules()])
      writeFileSync(join(folder, basename(name)), content)
    await measure(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(folder: string): Promise<void> {
  const child = spawn(join(root, 'falc'), ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  )
  const uri = (name: string) => pathToFileURL(join(folder, name)).href
  connection.onRequest('client/registerCapability', () => null)
  connection.listen()
  await connection.sendRequest('initialize', {
    ...{ processId: process.pid, rootUri: pathToFileURL(folder).href },
    capabilities: { textDocument: { completion: { completionList: { itemDefaults: ['editRange', 'data'] } } } },
  })
  await connection.sendNotification('initialized', {})
  const waits = new Map(QUESTIONS.map(question => [question, [] as number[]]))
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    const textDocument = { uri: uri(name), languageId: 'yaml', version: 1, text }
    await connection.sendNotification('textDocument/didOpen', { textDocument })
    const lines = text.split('\n')
    const places = lines.flatMap((line, i) => {
      const before = /^\s+.*?\b(?:and|not|or) /.exec(line)?.[0]
      return before === undefined ? [] : [{ line: i, character: before.length }]
    })
    const step = Math.max(1, Math.floor(places.length / EDITS))
    let version = 1
    const edit = (start: object, end: object, inserted: string) =>
      connection.sendNotification('textDocument/didChange', {
        textDocument: { uri: uri(name), version: ++version },
        contentChanges: [{ range: { start, end }, text: inserted }],
      })
    for (const place of places.filter((_, i) => i % step === 0))
      for (const question of QUESTIONS) {
        const after = { ...place, character: place.character + 1 }
        const since = performance.now()
        await edit(place, place, 'p')
        const method = question === 'nothing' ? 'falc/state' : `textDocument/${question}`
        await connection.sendRequest(method, { textDocument: { uri: uri(name) }, position: after })
        waits.get(question)!.push(performance.now() - since)
        await edit(place, after, '')
      }
  }
  await connection.sendRequest('shutdown')
  await connection.sendNotification('exit')
  console.log('editor: from a keystroke to the answer, over the protocol')
  for (const [question, times] of waits) {
    const sorted = times.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1)
    const goal = question === 'completion' ? 'under 50 ms' : ''
    report(question, `${at(0.5)} ms, best ${at(0)}, slowest of 20 ${at(0.95)}`, goal, `${sorted.length} times`)
  }
}
