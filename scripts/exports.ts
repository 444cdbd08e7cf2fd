/**
 * Checks the packages as users would get them: each is packed and checked by publint (is package.json correct?) and by
 * are-the-types-wrong (do types resolve as the code does?). Needs a build. Exit code 1 when either finds an error.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'falc-pack-'))
let failed = 0
for (const name of readdirSync(join(root, 'packages'))) {
  const dir = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  if (manifest.private) continue
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', work], { cwd: dir, stdio: 'pipe' })
    const tarball = join(work, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
    execFileSync('publint', ['run', tarball, '--strict'], { stdio: 'pipe' })
    if (manifest.exports) execFileSync('attw', [tarball, '--profile', 'esm-only'], { stdio: 'pipe' })
    console.log(`exports: ${manifest.name} is sound`)
  } catch (error) {
    failed++
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
    console.error(`exports: ${manifest.name}\n${stdout ?? ''}${stderr ?? ''}`)
  }
}
rmSync(work, { recursive: true, force: true })
process.exit(failed ? 1 : 0)
