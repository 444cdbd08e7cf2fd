/** Makes a release of the last build with test keys: everything but publishing. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { lacking, Published } from './published.ts'

const root = resolve(import.meta.dirname, '../..')
const reason = skipped('peers', whyNot())

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'packages are made on Linux on x86-64'
  if (!existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    return 'the native parts are not built'
  if (!existsSync(join(root, 'packages/cli/bundle/main.cjs'))) return 'the command is not built'
  const without = lacking('gpg openssl sha256sum strip dpkg-deb rpmbuild rpmsign apt-ftparchive createrepo_c')
  return without === undefined ? undefined : `making a release needs ${without}`
}

test.skipIf(reason !== undefined)('a release is complete, signed, and publishes nothing', () => {
  const repository = new Published()
  try {
    const key = join(repository.work, 'key.pem')
    repository.run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
    const out = join(repository.work, 'out')
    const args = [
      '--out',
      out,
      '--key',
      key,
      '--gpg',
      'own',
      '--address',
      'https://packages.example',
      '--fast',
      '--arch',
      'x64',
    ]
    const make = () =>
      spawnSync(process.execPath, [join(root, 'scripts/release.ts'), ...args], {
        env: repository.env,
        encoding: 'utf8',
      })
    const { status, stdout, stderr } = make()
    expect(status, stderr).toBe(0)

    const files = join(out, 'files')
    const listed = readFileSync(join(files, 'SHA256SUMS'), 'utf8').match(/(?<= {2}).*$/gm)
    const signed = ['SHA256SUMS', 'SHA256SUMS.sig', 'NEWEST', 'NEWEST.sig']
    expect(listed).toEqual(
      readdirSync(files)
        .filter(name => !signed.includes(name))
        .sort(),
    )
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], { cwd: files })
    const public_ = join(repository.work, 'public.pem')
    repository.run('openssl', 'pkey', '-in', key, '-pubout', '-out', public_)
    const check = ['-verify', public_, '-signature', join(files, 'SHA256SUMS.sig'), join(files, 'SHA256SUMS')]
    expect(repository.run('openssl', 'dgst', '-sha256', ...check)).toBe('Verified OK\n')
    expect(readFileSync(join(files, 'install.sh'), 'utf8')).toContain(readFileSync(public_, 'utf8'))

    const packages = globSync('packages/*/package.json', { cwd: root })
    expect(listed!.filter(name => name.endsWith('.tgz')).length).toBeGreaterThan(packages.length)
    for (const kind of [/\.deb$/, /\.rpm$/, /\.tar\.\w+$/, /^sbom/])
      expect(listed!.filter(name => kind.test(name))).toHaveLength(1)
    expect(readFileSync(join(files, 'notes.md'), 'utf8')).toMatch(/^### Engine\n\n- /)
    expect(globSync(['apt/pool/*.deb', 'rpm/*.rpm'], { cwd: join(out, 'repositories') })).toHaveLength(2)
    expect(stdout.match(/^npm publish --provenance .*\.tgz$/gm)).toHaveLength(
      listed!.filter(name => name.endsWith('.tgz')).length,
    )
    // A release is not made a second time under the same name.
    expect(make()).toMatchObject({ status: 1, stderr: `release: ${files} is there already\n` })
  } finally {
    repository.remove()
  }
})
