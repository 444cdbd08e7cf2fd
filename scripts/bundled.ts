/** How falc's command is bundled: for packages, and for the tests. */
import { join } from 'node:path'
import { build, type OutputOptions, type Plugin, type RolldownOutput } from 'rolldown'
import { loadOnUse } from './load-on-use.ts'

const PACKAGES = join(import.meta.dirname, '../packages')

/**
 * The bundle's programs: the command, and those of its threads, which write a store, make HTTP requests, read a store for the console and
 * evaluate audit events.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
  main: 'cli/FROM/main',
  'store-worker': 'store/FROM/worker',
  'http-worker': 'outputs/FROM/net/http-worker',
  'console-worker': 'console/FROM/worker',
  'audit-worker': 'sources-k8saudit/FROM/workers/worker',
}

/**
 * What a run with rules from the cache does without is not in one file with what it needs, nor is what the program calls before it has a
 * cache of compiled code. FROM as above.
 */
const GROUPS: Readonly<Record<string, string>> = {
  'node-version': 'engine/FROM/node-version\\b',
  chevrotain: 'node_modules/chevrotain/',
  yaml: 'node_modules/yaml/',
  re2js: 'node_modules/re2js/',
  text: 'engine/FROM/text/',
  tree: 'cli/FROM/config/tree\\b',
  condition: 'engine/FROM/condition/(?:ast|error|operators|transformers|walk|quote|posix)\\b',
  syscall:
    'sources-syscall/FROM/(?:events|model|event|meta-event|capture|state|delivery|fields|demand|source|replay|open-capture)\\b',
}

/**
 * Nothing but ASCII: one other character, as in a message, and V8 keeps the whole file with two bytes per character. Code is left as it is,
 * line by line, for stack traces; comments stay in the sources, and licences in NOTICES.txt.
 */
const READABLE: OutputOptions['minify'] = {
  compress: false,
  mangle: false,
  codegen: { removeWhitespace: false, asciiOnly: true },
}

/** The Kafka client reads a file that lies beside its code; its second build has it inside. */
const wasmInside: Plugin = {
  name: 'wasm-inside',
  resolveId(id, importer) {
    return id === '@platformatic/wasm-utils' ? this.resolve(`${id}/bundled`, importer) : undefined
  },
}

/**
 * Writes the programs and their chunks. CommonJS, because importing a module of Node's as ESM evaluates all of its exports;
 * for `node:http` that is an HTTP client of 500 kB.
 * @param from what was compiled, or the sources
 */
export function bundle(from: 'dist' | 'src', dir: string): Promise<RolldownOutput> {
  const file = (path: string) => join(PACKAGES, `${path.replace('FROM', from)}.${from === 'src' ? 'ts' : 'js'}`)
  return build({
    input: Object.fromEntries(Object.entries(PROGRAMS).map(([name, path]) => [name, file(path)])),
    platform: 'node',
    logLevel: 'warn',
    ...(from === 'src' && { resolve: { conditionNames: ['@falc/source', 'node', 'import'] } }),
    plugins: [{ name: 'load-on-use', renderChunk: code => loadOnUse(code) }, wasmInside],
    output: {
      dir,
      format: 'cjs',
      cleanDir: true,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name]-[hash].cjs',
      minify: READABLE,
      comments: false,
      codeSplitting: {
        groups: Object.entries(GROUPS).map(([name, test]) => ({ name, test: new RegExp(test.replace('FROM', from)) })),
      },
    },
  })
}
