/** The RPM package of a staged tree, with Fedora's names where they differ from Debian's. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ARCHITECTURES, type Architecture, type Staged } from './files.ts'
import { sourceDate } from './stage.ts'

const spec = resolve(import.meta.dirname, '../../deploy/rpm/falc.spec')
const MOVED: Readonly<Record<string, string>> = {
  '/usr/share/zsh/vendor-completions/_falc': '/usr/share/zsh/site-functions/_falc',
}

/**
 * @param compression of rpm's payload, such as `w7.xzdio`
 * @returns the package's path
 */
export function packRpm(
  tree: string,
  files: readonly Staged[],
  version: string,
  arch: Architecture,
  out: string,
  compression: string,
): string {
  for (const [from, to] of Object.entries(MOVED)) {
    mkdirSync(dirname(join(tree, to)), { recursive: true })
    renameSync(join(tree, from), join(tree, to))
  }
  const list = files.map(({ path, mode, config }) => {
    const kind = config ? '%config(noreplace) ' : path.startsWith('/usr/share/doc/') ? '%doc ' : ''
    return `%attr(${mode.toString(8)}, root, root) ${kind}${MOVED[path] ?? path}`
  })
  // Folders that are not listed stay when the package is removed.
  for (const own of ['/etc/falc', '/usr/lib/falc', '/usr/share/falc', '/usr/share/doc/falc'])
    for (const path of [own, ...foldersIn(tree, own)]) list.push(`%dir %attr(755, root, root) ${path}`)
  const top = join(out, '.rpmbuild')
  mkdirSync(top, { recursive: true })
  const text = readFileSync(spec, 'utf8')
    .replace('VERSION', version)
    .replace('FILES', () => list.join('\n'))
  writeFileSync(join(top, 'falc.spec'), text)
  const define = (name: string, value: string) => ['--define', `${name} ${value}`]
  execFileSync(
    'rpmbuild',
    [
      ...['-bb', '--quiet', '--noclean', '--target', ARCHITECTURES[arch].fedora, '--buildroot', tree],
      ...define('_topdir', top),
      ...define('_binary_payload', compression),
      // The tree is as it shall be: nothing is stripped, compressed or checked again.
      ...define('__os_install_post', '%{nil}'),
      ...define('debug_package', '%{nil}'),
      ...define('_build_id_links', 'none'),
      ...define('use_source_date_epoch_as_buildtime', '1'),
      ...define('_buildhost', 'localhost'),
      join(top, 'falc.spec'),
    ],
    { env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate()) }, stdio: 'pipe' },
  )
  const folder = join(top, 'RPMS', ARCHITECTURES[arch].fedora)
  const name = readdirSync(folder)[0]!
  cpSync(join(folder, name), join(out, name))
  execFileSync('rm', ['-rf', top])
  return join(out, name)
}

function foldersIn(tree: string, folder: string): string[] {
  const entries = readdirSync(join(tree, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(tree.length))
}
