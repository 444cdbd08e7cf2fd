/**
 * Packs every public package as it was built last: `pack-packages.ts FOLDER` prints the tarballs' paths. With pnpm, since npm leaves
 * `workspace:` ranges in the manifests and no one can install such a package.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** @returns the tarballs' paths by folder in packages/ */
export function packPackages(out: string): Map<string, string> {
  const packed = new Map<string, string>()
  for (const name of readdirSync(join(root, 'packages'))) {
    const { name: full, version, private: hidden } = manifestOf(name)
    if (hidden) continue
    removeStale(join(root, 'packages', name))
    packed.set(name, join(out, `${full.replace('@', '').replace('/', '-')}-${version}.tgz`))
  }
  const pnpm = [
    join(root, 'scripts/pnpm.sh'),
    '--recursive',
    '--filter',
    './packages/*',
    'pack',
    '--pack-destination',
    out,
  ]
  execFileSync('sh', pnpm, { cwd: root, stdio: 'pipe' })
  return packed
}

function manifestOf(name: string): { name: string; version: string; private?: boolean } {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
}

/** Removes what the compiler wrote for sources that are gone. */
function removeStale(folder: string): void {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) throw new Error(`${dist} does not exist: is the package in tsconfig.json, and built?`)
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
    if (source !== file && !existsSync(join(folder, 'src', source))) rmSync(join(dist, file))
  }
}

if (process.argv[1] === import.meta.filename) {
  const out = process.argv[2]
  if (out === undefined) throw new Error('usage: pack-packages.ts FOLDER')
  for (const tarball of packPackages(resolve(out)).values()) console.log(tarball)
}
