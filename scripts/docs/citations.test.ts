/**
 * Files and names that comments and pages cite exist: texts that look like a file of the repository, and identifiers in
 * backticks or `{@link …}` in comments of the sources.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { codeSpansOf, ROOT, readPage, trackedFiles } from './markdown.ts'

const tracked = trackedFiles()
const SOURCE = /\.(ts|c|h|sh|yml)$|^\.ci\//
const sources = tracked.filter(name => SOURCE.test(name) && !/\.gen\.|\/cases\//.test(name))
const suffixes = new Set(
  tracked.flatMap(name => {
    const parts = name.split('/')
    return parts.map((_, i) => parts.slice(i).join('/'))
  }),
)

/** Names of the JavaScript platform that no code here uses. */
const PLATFORM = [...Object.getOwnPropertyNames(globalThis), 'postMessage']

interface Place {
  readonly at: string
  readonly text: string
}

/** Comments of a source, line by line: what follows //, and the lines of block comments; of shell, what follows #. */
function commentsOf(file: string, text: string): Place[] {
  const isShell = !/\.(ts|c|h)$/.test(file)
  let inBlock = false
  return text.split('\n').flatMap((line, i) => {
    const at = `${file}:${i + 1}`
    if (isShell) return /^\s*# /.test(line) ? [{ at, text: line.replace(/^\s*# /, '') }] : []
    const starts = /^\s*\/\*/.test(line)
    const comment = inBlock || starts
    if (starts) inBlock = true
    if (inBlock && line.includes('*/')) inBlock = false
    if (comment) return [{ at, text: line }]
    const tail = /^(?:[^'"`]|'[^']*'|"[^"]*"|`[^`]*`)*?\/\/ (.*)$/.exec(line)
    return tail ? [{ at, text: tail[1]! }] : []
  })
}

const comments = sources.flatMap(file => commentsOf(file, readFileSync(join(ROOT, file), 'utf8')))

/** Files outside the repository: a reader's, the kernel's, another program's; and the name of Falco's gRPC service. */
const FOREIGN =
  /^(falco|falc|rules|my-rules|config|audit|policy|webhook|mine|shop|secrets|ordinary-day|one|two|a|b|x|r|attack|host|cat|cut|falco_rules|falco_rules\.local|k8s_audit_rules|vmlinux|resolv|container-selinux|package|tsconfig|conf|libbpf|errno|fcntl|stat|types|events|index|mosquitto|rabbitmq|falco\.outputs)\.(yaml|yml|json|jsonl|log|scap|h|conf|service|ts|js|txt|md)$/

const FILE =
  /(?<![\w$@./:<}*-])((?:[\w@-]+\/)*[\w.-]*\w\.(?:test\.ts|bpf\.h|bpf\.c|gen\.h|gen\.ts|ts|md|sh|txt|yaml|yml|service|conf|svg))(?![\w/(*-]|\.\w)/g

/** Files that a text cites but that do not exist: not below the root, not beside the citing file, not the end of any path. */
function missingFiles({ at, text }: Place): string[] {
  const here = dirname(at.split(':')[0]!)
  return [...text.matchAll(FILE)].flatMap(([, name]) => {
    if (/^\.|^[A-Z]+\.|\/[A-Z]+\.|\/etc\/|node_modules|^dist\//.test(name!) || FOREIGN.test(name!.split('/').at(-1)!))
      return []
    const packaged = at.startsWith('packages/') ? [at.split('/').slice(0, 2).join('/')] : []
    const places = [here, '', ...packaged, ...packaged.map(folder => `${folder}/src`)].map(folder =>
      join(folder, name!),
    )
    return suffixes.has(name!) || places.some(path => tracked.includes(path)) ? [] : [`${at}: ${name}`]
  })
}

test('files that comments cite exist', () => {
  expect(comments.flatMap(missingFiles)).toEqual([])
})

test('files that pages cite exist', () => {
  const pages = tracked.filter(name => name.endsWith('.md') && name !== 'docs/fields.md').map(readPage)
  const spans = pages.flatMap(page => codeSpansOf(page).map(({ line, text }) => ({ at: `${page.path}:${line}`, text })))
  expect(spans.flatMap(missingFiles)).toEqual([])
})

test('names that comments cite exist', () => {
  const code = sources
    .map(file => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      const own = new Set(commentsOf(file, text).map(({ at }) => Number(at.split(':')[1])))
      return text
        .split('\n')
        .map((line, i) => (own.has(i + 1) && /^\s*(\/\*|\*|\/\/)/.test(line) ? '' : line))
        .join('\n')
    })
    .join('\n')
  const words = new Set([...code.match(/[A-Za-z_$][\w$]*/g)!, ...PLATFORM])
  const cited = comments
    .filter(({ at }) => /^packages\/[\w-]+\/(src|native)\/|^scripts\//.test(at))
    .flatMap(({ at, text }) =>
      [...text.matchAll(/`#?([A-Za-z_$][\w$]*(?:\.#?[A-Za-z_$][\w$]*)*)(?:\(\))?`|\{@link ([\w.]+)\}/g)].flatMap(
        ([, quoted, linked]) => (quoted ?? linked)!.split(/\.#?/).map(name => ({ at, name })),
      ),
    )
  // Names of the code; others in backticks may be the kernel's, a protocol's or a user's.
  const unknown = cited.filter(({ name }) => /[a-z][A-Z]|^[A-Z][a-z]/.test(name) && !words.has(name))
  expect(unknown.map(({ at, name }) => `${at}: ${name}`)).toEqual([])
})

test('a citation of a missing file is found', () => {
  const cite = (text: string) => missingFiles({ at: 'packages/engine/src/fields/field.ts:1', text })
  expect(cite('see table.ts, fields/types.ts, packages/cli/src/main.ts and test/fields/table.test.ts')).toEqual([])
  expect(cite('see nowhere.ts and test/no-such.test.ts')).toHaveLength(2)
})
