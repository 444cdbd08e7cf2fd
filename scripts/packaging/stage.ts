/** Assembles the files that files.ts lists into the tree from which every package is made. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { linkedNotices } from '../linked.ts'
import { ARCHITECTURES, type Architecture, type Made, NATIVE, NODE, PLACES, type Place, type Staged } from './files.ts'
import { trimIcu } from './icu.ts'
import { bashCompletion, fishCompletion, manualPages, zshCompletion } from './manual.ts'

const root = resolve(import.meta.dirname, '../..')

/** When the sources were last changed, in seconds: packages of one state of the sources are the same bytes. */
export function sourceDate(): number {
  const { SOURCE_DATE_EPOCH } = process.env
  if (SOURCE_DATE_EPOCH) return Number(SOURCE_DATE_EPOCH)
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }))
  } catch {
    return Math.floor(statSync(join(root, 'pnpm-lock.yaml')).mtimeMs / 1000)
  }
}

const MAINTAINER = 'Falc <falc-engine@users.noreply.github.com>'

const rfc2822 = () => new Date(sourceDate() * 1000).toUTCString().replace('GMT', '+0000')

/**
 * Writes the tree into a folder.
 * @returns its files, by path
 * @throws {Error} when a part is not built
 */
export function stage(folder: string, version: string, arch: Architecture): Staged[] {
  for (const place of PLACES) put(place, folder, version, arch)
  execFileSync('find', [folder, '-exec', 'touch', '-hd', `@${sourceDate()}`, '{}', '+'])
  return PLACES.flatMap(place => filesOf(place, folder)).sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Where a file for an architecture is: what is not this machine's is below the native parts. */
function sourceOf(from: string, arch: Architecture): string {
  if (arch === process.arch) return from
  if (from === NODE) return `${NATIVE}/${arch}/node`
  return from.replace(NATIVE, `${NATIVE}/${arch}`)
}

function put(place: Place, folder: string, version: string, arch: Architecture): void {
  const to = join(folder, place.to)
  if (place.made !== undefined) {
    const texts = make(place.made, version, arch)
    if (typeof texts === 'string') write(to, texts, place)
    else for (const [name, text] of texts) write(join(to, `${name}${place.compress ? '.gz' : ''}`), text, place)
    return
  }
  if (place.from === undefined) {
    mkdirSync(to, { recursive: true, mode: 0o755 })
    return
  }
  const from = join(root, sourceOf(place.from, arch))
  if (!existsSync(from)) throw new Error(`${from} is missing: npm run build, npm run build:native`)
  if (statSync(from).isDirectory()) {
    cpSync(from, to, { recursive: true })
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', to])
  } else if (place.strip) {
    mkdirSync(dirname(to), { recursive: true })
    execFileSync(arch === process.arch ? 'strip' : `${ARCHITECTURES[arch].gnu}-strip`, ['--strip-all', '-o', to, from])
    if (place.from === NODE) trimIcu(to)
    chmodSync(to, place.mode ?? 0o644)
  } else write(to, readFileSync(from), place)
}

function write(to: string, content: string | Buffer, { mode = 0o644, compress }: Place): void {
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, compress ? gzipSync(content, { level: 9 }) : content)
  chmodSync(to, mode)
}

function make(what: Made, version: string, arch: Architecture): string | Map<string, string> {
  switch (what) {
    case 'linked-notices':
      return linkedNotices(arch === process.arch ? '/' : join(root, NATIVE, `sysroot-${arch}/root`))
    case 'changelog':
      return `falc (${version}) unstable; urgency=medium\n\n  * CHANGELOG.md.gz has the changes.\n\n -- ${MAINTAINER}  ${rfc2822()}\n`
    case 'manual':
      return manualPages(version, new Date(sourceDate() * 1000).toISOString().slice(0, 10))
    case 'bash':
      return bashCompletion()
    case 'zsh':
      return zshCompletion()
    case 'fish':
      return fishCompletion()
  }
}

function filesOf({ to, config }: Place, folder: string): Staged[] {
  const path = join(folder, to)
  const files = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map(name => join(path, name))
        .filter(file => statSync(file).isFile())
    : [path]
  return files.map(file => ({
    path: `/${relative(folder, file)}`,
    mode: statSync(file).mode & 0o7777,
    config: config === true,
  }))
}
