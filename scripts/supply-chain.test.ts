/** Bundled parts come from their declared origin, with their licences, and builds are reproducible byte by byte. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { FLAGS, LINKED, linkedNotices, packageOf, versionOf } from './linked.ts'
import { skipped } from './testing/needs.ts'

const root = join(import.meta.dirname, '..')
const native = join(root, 'packages/sources-syscall/native')
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const work = mkdtempSync(join(tmpdir(), 'falc-supply-'))
afterAll(() => rmSync(work, { recursive: true }))

describe('packages', () => {
  test('each has a digest in the lock file', () => {
    const { packages } = parse(text('pnpm-lock.yaml'))
    expect(Object.keys(packages).length).toBeGreaterThan(100)
    for (const [name, { resolution }] of Object.entries<any>(packages))
      expect(resolution.integrity, name).toMatch(/^sha512-/)
  })

  test('the package manager is pinned with its digests', () => {
    const { version } = JSON.parse(text('scripts/pnpm/package-lock.json')).packages['node_modules/pnpm']
    expect(JSON.parse(text('scripts/pnpm/package.json')).dependencies).toEqual({ pnpm: version })
    const { packages } = JSON.parse(text('scripts/pnpm/package-lock.json'))
    for (const [name, entry] of Object.entries<any>(packages).slice(1))
      expect(entry.integrity, name).toMatch(/^sha512-/)
    for (const script of ['scripts/bootstrap.sh', 'scripts/pack-packages.ts', 'package.json'])
      expect(text(script), script).not.toMatch(/npx.*pnpm/)
  })
})

describe('libraries in the sidecar', () => {
  test('all that the Makefile links are listed, and the platform packages include the notices', () => {
    const flags = /falc-probe:.*\n.*/.exec(text('packages/sources-syscall/native/Makefile'))![0].match(/-l\w+/g)!
    expect(flags.length).toBeGreaterThan(2)
    for (const flag of flags) expect(LINKED.map(({ name }) => name)).toContain(FLAGS[flag])
    for (const platform of readdirSync(join(root, 'packages/sources-syscall/npm')))
      expect(JSON.parse(text(`packages/sources-syscall/npm/${platform}/package.json`)).files).toContain('NOTICES.txt')
  })

  const absent = LINKED.find(({ package: name }) => name !== 'libgcc-DEV' && versionOf(name) === undefined)
  const why = skipped('live', absent && `the libraries of the sidecar are not installed: ${absent.package}`)
  test.skipIf(why !== undefined)('the notices have the text of each licence', () => {
    const notices = linkedNotices()
    for (const library of LINKED)
      expect(notices).toContain(`${library.name} ${versionOf(packageOf(library))} (${library.license})`)
    for (const title of [
      'GNU LESSER GENERAL PUBLIC LICENSE',
      'GNU GENERAL PUBLIC LICENSE',
      'Jean-loup Gailly',
      'Meta Platforms',
    ])
      expect(notices).toContain(title)
  })
})

/** The built files' digests, without debug information, as they are packed. */
function digests(built: string): Record<string, string> {
  const files = ['falc-probe', 'falc-signal', 'falc.node'].map(file => {
    const path = join(work, file)
    copyFileSync(join(built, file), path)
    execFileSync('strip', ['--strip-debug', path])
    return [file, createHash('sha256').update(readFileSync(path)).digest('hex')]
  })
  return Object.fromEntries(files)
}

const headers = join(root, 'packages/sources-syscall/node_modules/node-api-headers/include')
const make = (folder: string, ...flags: string[]) =>
  spawnSync('make', ['-s', ...flags, '-C', folder, `NODE_API_HEADERS=${headers}`], { encoding: 'utf8' })

/** Builds in a folder of that name. @returns where the built files are */
function build(name: string): string {
  const folder = join(work, name)
  cpSync(native, folder, { recursive: true, filter: path => !path.includes('.output') })
  const { status, stderr } = make(folder)
  expect({ status, stderr }).toMatchObject({ status: 0 })
  return join(folder, '.output')
}

/** The checkout's own build, if it is up to date: a build takes a quarter of a minute of two cores. */
const own = () => (make(native, '-q').status === 0 ? join(native, '.output') : build('one'))

const tools = ['make', 'cc', 'strip', 'clang-19', 'bpftool'].find(tool => spawnSync(tool, ['--version']).error)
const cannot = existsSync('/sys/kernel/btf/vmlinux')
  ? tools && `the native parts need ${tools}`
  : 'this kernel has no BTF'
const reason = skipped('live', cannot)
test.skipIf(reason !== undefined)(
  'two builds of the native parts, in two folders, have the same bytes',
  { timeout: 600_000 },
  () => {
    expect(digests(build('another-folder'))).toEqual(digests(own()))
  },
)
