/**
 * Makes the packages of Linux distributions from what was built last: `pack-linux.ts deb|rpm|tar… [--out FOLDER] [--version VERSION]
 * [--arch x64|arm64] [--fast]`. Prints their paths. --arch: another architecture, after scripts/native.sh ARCH; its Node comes from npm's
 * registry. --fast: larger packages in a fraction of the time, for tests.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packDeb } from './packaging/deb.ts'
import { type Architecture, architecture, type Staged } from './packaging/files.ts'
import { fetchNode } from './packaging/other-node.ts'
import { packRpm } from './packaging/rpm.ts'
import { sourceDate, stage } from './packaging/stage.ts'

interface Contents {
  readonly tree: string
  readonly files: readonly Staged[]
  readonly version: string
  readonly arch: Architecture
}
type Pack = (contents: Contents, out: string, fast: boolean) => string

const FORMATS: Readonly<Record<string, Pack>> = {
  deb: ({ tree, files, version, arch }, out, fast) =>
    packDeb(tree, files, version, arch, out, fast ? '-Zzstd -z1' : '-Zxz'),
  rpm: ({ tree, files, version, arch }, out, fast) =>
    packRpm(tree, files, version, arch, out, fast ? 'w1.zstdio' : 'w7.xzdio'),
  tar: ({ tree, version, arch }, out, fast) => {
    const path = join(out, `falc-${version}-linux-${arch}.tar.${fast ? 'zst' : 'xz'}`)
    const same = ['--sort=name', `--mtime=@${sourceDate()}`, '--owner=0', '--group=0', '--numeric-owner']
    execFileSync('tar', [...same, '-C', tree, '-caf', path, '.'])
    return path
  },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: '.' },
    version: { type: 'string' },
    fast: { type: 'boolean' },
    arch: { type: 'string', default: process.arch },
  },
})
const unknown = positionals.find(name => !Object.hasOwn(FORMATS, name))
if (positionals.length === 0 || unknown !== undefined)
  throw new Error(`usage: pack-linux.ts ${Object.keys(FORMATS).join('|')}… [--out FOLDER] [--version VERSION] [--fast]`)
const manifest = join(import.meta.dirname, '../packages/cli/package.json')
const version = values.version ?? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
const out = resolve(values.out)
const arch = architecture(values.arch)

process.umask(0o022)
mkdirSync(out, { recursive: true })
const work = mkdtempSync(join(tmpdir(), 'falc-stage-'))
try {
  const staged = join(work, 'staged')
  if (arch !== process.arch) fetchNode(arch)
  const files = stage(staged, version, arch)
  for (const name of positionals) {
    // Each format adds to its tree or moves what is in it, and changes no file.
    const tree = join(work, name)
    execFileSync('cp', ['-al', staged, tree])
    console.log(FORMATS[name]!({ tree, files, version, arch }, out, values.fast ?? false))
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
