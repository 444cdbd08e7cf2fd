/**
 * Checks what a user of the published packages would get. Every package is packed and checked by publint (is package.json correct?),
 * are-the-types-wrong (do the types resolve as the code does?), and the checks below. Run after a build. Exit code 1 with every fault.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { packPackages } from './pack-packages.ts'

const root = resolve(import.meta.dirname, '..')
const { repository, homepage, bugs } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const work = mkdtempSync(join(tmpdir(), 'falc-pack-'))
let failed = 0
for (const [name, tarball] of packPackages(work)) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  try {
    execFileSync('publint', ['run', tarball, '--strict'], { stdio: 'pipe' })
    if (manifest.exports) execFileSync('attw', [tarball, '--profile', 'esm-only'], { stdio: 'pipe' })
    execFileSync('tar', ['-xzf', tarball, '-C', work])
    const faults = faultsOf(join(work, 'package'), name)
    rmSync(join(work, 'package'), { recursive: true })
    if (faults.length > 0) throw { stdout: faults.join('\n') }
    console.log(`exports: ${manifest.name} is sound`)
  } catch (error) {
    failed++
    const { stdout, stderr } = error as { stdout?: Buffer | string; stderr?: Buffer }
    console.error(`exports: ${manifest.name}\n${stdout ?? ''}${stderr ?? ''}`)
    if (stdout === undefined) console.error(error)
  }
}
rmSync(work, { recursive: true, force: true })
process.exit(failed ? 1 : 0)

/** What is wrong with an unpacked package. */
function faultsOf(folder: string, name: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const manifest = JSON.parse(read('package.json'))
  const faults: string[] = []
  const check = (holds: unknown, fault: string) => void (holds || faults.push(fault))

  const ranges = JSON.stringify([manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies])
  check(!/workspace:|link:|file:/.test(ranges), `dependencies refer to the checkout: ${ranges}`)
  check(manifest.repository?.url === repository.url, `repository.url is not that of the root package.json`)
  check(manifest.repository?.directory === `packages/${name}`, `repository.directory is not packages/${name}`)
  check(manifest.homepage === homepage, 'homepage is not that of the root package.json')
  check(manifest.bugs === bugs, 'bugs is not that of the root package.json')
  for (const file of ['LICENSE', 'README.md']) check(files.includes(file), `${file} is missing`)
  check(!files.some(file => file.endsWith('.tsbuildinfo')), 'a .tsbuildinfo is included')
  // What is bundled is shipped with its licence.
  if (existsSync(join(folder, 'bundle'))) check(files.includes('bundle/NOTICES.txt'), 'bundle/NOTICES.txt is missing')

  for (const file of files.filter(file => file.endsWith('.map'))) {
    const { sources, sourcesContent = [] } = JSON.parse(read(file))
    const present = (_: string, i: number) => typeof sourcesContent[i] === 'string'
    check(sources.every(present), `${file} names sources that are not included`)
  }
  for (const file of files.filter(file => file.endsWith('.md'))) {
    // A registry shows the file by itself.
    for (const [, target] of read(file).matchAll(/\]\(([^)\s]+)\)/g))
      check(/^(https:|#)/.test(target!), `${file}: the link ${target} works in the repository only`)
  }
  return faults
}
