/** The Debian package of a staged tree. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ARCHITECTURES, type Architecture, type Staged } from './files.ts'
import { sourceDate } from './stage.ts'

const scripts = resolve(import.meta.dirname, '../../deploy/debian')

/**
 * @param compression of dpkg-deb, such as `-Zxz`
 * @returns the package's path
 */
export function packDeb(
  tree: string,
  files: readonly Staged[],
  version: string,
  arch: Architecture,
  out: string,
  compression: string,
): string {
  const architecture = ARCHITECTURES[arch].debian
  const control = join(tree, 'DEBIAN')
  mkdirSync(control, { mode: 0o755 })
  for (const name of ['postinst', 'prerm', 'postrm']) cpSync(join(scripts, name), join(control, name), { mode: 0 })
  execFileSync('chmod', ['755', ...['postinst', 'prerm', 'postrm'].map(name => join(control, name))])
  const kilobytes = Math.ceil(files.reduce((sum, { path }) => sum + statSync(join(tree, path)).size, 0) / 1024)
  const text = readFileSync(join(scripts, 'control'), 'utf8')
    .replace('ARCHITECTURE', architecture)
    .replace('VERSION', version)
    .replace('SIZE', String(kilobytes))
  writeFileSync(join(control, 'control'), text)
  writeFileSync(join(control, 'conffiles'), lines(files.filter(({ config }) => config).map(({ path }) => path)))
  const sums = files.filter(({ config }) => !config).map(({ path }) => `${md5(join(tree, path))}  ${path.slice(1)}`)
  writeFileSync(join(control, 'md5sums'), lines(sums))
  const deb = join(out, `falc_${version}_${architecture}.deb`)
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()) }
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression.split(' '), '--build', tree, deb], {
    env,
    stdio: 'pipe',
  })
  return deb
}

const lines = (list: readonly string[]) => list.map(line => `${line}\n`).join('')

function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}
