import { execFile } from 'node:child_process'
import { setPriority } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { type Host, serve, serveAnalyses, type Thread } from '@falc/lsp'
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node'
import { defineCommand } from '../command.ts'
import { loadSources } from '../sources/load.ts'
import { falcVersion } from '../version.ts'

/** Bytes that `falc test` may print. */
const MAX_OUTPUT = 64 * 1024 * 1024

/** Of the thread that analyses: its "nice" value. */
const LOWER = 10

export const lsp = defineCommand({
  name: 'lsp',
  usage: '',
  summary: 'Serve editors: the Language Server Protocol on standard input and output (docs/editors.md)',
  flags: { stdio: { help: 'Has no effect; many editors pass it' } },
  async run() {
    const sources = await loadSources()
    // The same command on a thread, which analyses rules while the server answers.
    if (!isMainThread) {
      // If both need the processor, answers come first. Elsewhere the whole process would have this priority.
      if (process.platform === 'linux') setPriority(LOWER)
      serveAnalyses(parentPort!, sources)
      return 0
    }
    const host: Host = { sources, startThread, runTests }
    serve(createConnection(ProposedFeatures.all, process.stdin, process.stdout), host, falcVersion())
    // The connection ends the process.
    return new Promise<number>(() => {})
  },
})

function startThread(): Thread {
  return new Worker(process.argv[1]!, { argv: ['lsp'], resourceLimits: { maxOldGenerationSizeMb: 1024 } })
}

function runTests(files: readonly string[]): Promise<string> {
  const args = [...process.execArgv, process.argv[1]!, 'test', '--format', 'json', ...files]
  return new Promise(resolve => {
    execFile(process.execPath, args, { maxBuffer: MAX_OUTPUT }, (_, stdout, stderr) => resolve(stdout || stderr))
  })
}
