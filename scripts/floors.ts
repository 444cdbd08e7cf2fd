/**
 * Checks the floor plan of docs/architecture.md, and that the page shows it. A package imports only packages of lower floors, by name.
 * Inside a package, a file imports its own room or rooms earlier in the package's list, and no file is part of an import cycle. The engine
 * names neither `node:` modules nor relative paths that leave the package. No file is too long. Exit code 1 and one line per breach.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { longFiles } from './sizes.ts'

const FLOORS: readonly (readonly string[])[] = [
  ['engine'],
  ['sources-syscall', 'sources-k8saudit', 'store', 'authoring'],
  ['outputs', 'lsp'],
  ['console', 'kubernetes'],
  ['response'],
  ['cli'],
]

/**
 * Rooms bottom up: a folder or file of src (or of a folder there), named without ending; the longest name that fits
 * counts. Rooms not listed come last, in one class.
 */
const ROOMS: Record<string, readonly string[]> = {
  engine: ['text', 'condition', 'rules', 'fields', 'bytecode', 'ruleset', 'alert', 'explain', 'engine'],
  'sources-k8saudit': [
    ...['problem', 'json', 'time', 'event', 'fields', 'k8s-audit', 'sieve', 'parse', 'stats', 'piece', 'log', 'source'],
    ...['workers', 'admission', 'http', 'input', 'nats', 'index'],
  ],
  outputs: [
    ...['model', 'text', 'formats', 'net', 'cloud', 'queue', 'delivery', 'falco', 'streams', 'transports', 'options'],
    ...['configured', 'index'],
  ],
  'sources-syscall': [
    ...[
      'events',
      'model',
      'event',
      'meta-event',
      'capture',
      'state',
      'delivery',
      'fields',
      'demand',
      'source',
      'replay',
      'open-capture',
    ],
    ...['live', 'containers', 'recording', 'scene', 'browser', 'index'],
  ],
  console: [
    'shapes',
    'failure',
    'nats',
    'auth',
    'parameters',
    'rulebook',
    'clauses',
    'exception',
    'routes',
    'openapi',
    'files',
    'bodies',
    'stream',
    'backend',
    'worker',
    'thread',
    'console',
    'index',
    'web',
  ],
  store: [
    ...[
      'error',
      'state',
      'term',
      'schema',
      'connection',
      'counts',
      'row',
      'kinds',
      'indexing',
      'batch',
      'repeated',
      'scan',
      'read',
      'query/fragment',
      'query/operand',
    ],
    ...['query/clause', 'query/plan', 'query/words', 'query', 'parts', 'search', 'grouping', 'counting', 'histogram'],
    ...['triage', 'silences', 'write', 'integrity', 'store', 'worker', 'thread', 'index'],
  ],
  authoring: [
    'algebra',
    'document',
    'lint',
    'fmt',
    'report',
    'test',
    'coverage',
    'mutate',
    'diff',
    'profile',
    'catalogue',
    'index',
  ],
  kubernetes: [
    'config',
    'exec',
    'client',
    'kinds',
    'stored',
    'reflector',
    'description',
    'directory',
    'collector',
    'nats',
    'index',
  ],
  response: [
    ...[
      'model',
      'actions',
      'playbook',
      'journal',
      'guard',
      'plan',
      'kubernetes',
      'ports',
      'act',
      'undo',
      'account',
      'approval-notice',
      'respond',
      'approvals',
      'nats',
    ],
    ...['open', 'functions', 'simulate', 'test-playbook', 'cases', 'index'],
  ],
  lsp: ['document', 'vocabulary', 'workspace', 'analysis', 'language', 'server', 'index'],
  cli: [
    ...[
      'fail',
      'address',
      'read-file',
      'count',
      'printable',
      'hostname',
      'identity',
      'own-files',
      'version',
      'flags',
      'command',
      'condition-error',
      'cache-folder',
      'v8-flags',
      'code-cache',
    ],
    ...[
      'config',
      'alerts',
      'log',
      'rules',
      'meter',
      'watch-files',
      'server-files',
      'machine',
      'sources',
      'health',
      'relay',
      'run/open-outputs',
      'respond',
      'run',
      'recording',
      'top',
      'history',
      'playbooks',
      'admission',
    ],
    ...['doctor', 'listing', 'testing', 'updates', 'support', 'commands', 'cli', 'index', 'main'],
  ],
}

/** Packages that run in a browser, too, up to the rooms named here: files of others may use `node:` modules. */
const PURE: Record<string, readonly string[]> = {
  engine: [],
  authoring: [],
  lsp: ['server', 'index'],
  'sources-k8saudit': ['workers', 'http', 'input', 'nats', 'index'],
}

const root = resolve(import.meta.dirname, '..')
const breaches: string[] = []

const sources = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map(name => join(dir, name))

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"\n;]*?(?:\n[^'"]*?)?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g
  return [...text.matchAll(pattern)].map(m => m[1] ?? m[2] ?? m[3]!)
}

const floorOf = (name: string): number => FLOORS.findIndex(floor => floor.includes(name))

function roomOf(packageName: string, src: string, file: string): number {
  const [first, second] = relative(src, file)
    .replace(/\.gen\.ts$|\.ts$/, '')
    .split('/')
  const list = ROOMS[packageName]
  if (!list) return 0
  const exact = list.indexOf(`${first}/${second}`)
  const index = exact < 0 ? list.indexOf(first!) : exact
  return index < 0 ? list.length : index
}

function isPure(packageName: string, src: string, file: string): boolean {
  const [room] = relative(src, file).replace(/\.ts$/, '').split('/')
  return PURE[packageName]?.includes(room!) === false
}

const graph = new Map<string, string[]>()
for (const name of readdirSync(join(root, 'packages'))) {
  const src = join(root, 'packages', name, 'src')
  if (!existsSync(src)) continue
  if (floorOf(name) < 0) breaches.push(`packages/${name}: is on no floor (scripts/floors.ts)`)
  for (const file of sources(src)) {
    const shown = relative(root, file)
    const edges: string[] = []
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) {
        const target = resolve(dirname(file), specifier)
        if (!target.startsWith(`${src}/`)) {
          if (!target.endsWith('package.json'))
            breaches.push(`${shown}: imports ${specifier}, outside its package's src`)
          continue
        }
        edges.push(target)
        const from = roomOf(name, src, file)
        const to = roomOf(name, src, target)
        if (to > from) breaches.push(`${shown}: imports ${specifier}, a room above its own`)
      } else if (specifier.startsWith('@falc/')) {
        const other = specifier.split('/')[1]!
        if (floorOf(other) >= floorOf(name))
          breaches.push(`${shown}: imports ${specifier}, which is not on a lower floor`)
      } else if (specifier.startsWith('node:') && isPure(name, src, file)) {
        breaches.push(`${shown}: imports ${specifier}; this part of ${name} runs anywhere`)
      }
    }
    graph.set(file, edges)
  }
}

const state = new Map<string, 'open' | 'done'>()
function visit(file: string, path: readonly string[]): void {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    const cycle = [...path.slice(path.indexOf(file)), file].map(f => relative(root, f))
    breaches.push(`import cycle: ${cycle.join(' → ')}`)
    return
  }
  state.set(file, 'open')
  for (const next of graph.get(file) ?? []) visit(next, [...path, file])
  state.set(file, 'done')
}
for (const file of graph.keys()) visit(file, [])

/** docs/architecture.md shows the floors of the packages that there are, and the rooms of some. */
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
const packages = readdirSync(join(root, 'packages')).filter(name => existsSync(join(root, 'packages', name, 'src')))
for (const [i, floor] of FLOORS.entries()) {
  const line = new RegExp(`^floor ${i} +(.*)$`, 'm').exec(page)?.[1]?.split(/ {2,}/) ?? []
  const shown = line.filter(word => !word.includes(' '))
  const real = floor.filter(name => packages.includes(name))
  if (shown.toSorted().join() !== real.toSorted().join())
    breaches.push(`docs/architecture.md: floor ${i} shows ${shown.join(', ')}; there are ${real.join(', ')}`)
}
for (const [, what, list] of page.matchAll(/^Rooms of (?:the )?([\w-]+), bottom up: ([^.]+)\./gm)) {
  const shown = [...list!.matchAll(/`([\w-]+)`/g)].map(([, room]) => room)
  if (shown.join() !== ROOMS[what!]?.join())
    breaches.push(
      `docs/architecture.md: the rooms of ${what} are not those of scripts/floors.ts: ${ROOMS[what!]?.join(', ')}`,
    )
}
for (const [name, rooms] of Object.entries(ROOMS)) {
  const src = join(root, 'packages', name, 'src')
  const gone = rooms.filter(room => !existsSync(join(src, room)) && !existsSync(join(src, `${room}.ts`)))
  if (gone.length > 0) breaches.push(`scripts/floors.ts: ${name} has no room ${gone.join(', ')}`)
}

breaches.push(...longFiles())

for (const breach of breaches) console.error(breach)
console.log(`floors: ${graph.size} files, ${breaches.length} breaches`)
process.exit(breaches.length ? 1 : 0)
