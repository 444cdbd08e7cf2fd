/** The rpm and its repository, tested with dnf in an empty root: installation, upgrade, removal, and rejection of tampered files. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { PLACES, STATE } from './files.ts'
import { lacking, Published } from './published.ts'

const root = resolve(import.meta.dirname, '../..')
const reason = skipped('peers', whyNot())

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'installing into another root needs root'
  if (process.arch !== 'x64') return 'the rpm is for x86-64'
  if (!existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    return 'the native parts are not built'
  if (!existsSync(join(root, 'packages/cli/bundle/main.cjs'))) return 'the command is not built'
  const without = lacking(
    'gpg busybox apt-ftparchive dnf createrepo_c rpm rpmbuild rpmsign systemd-sysusers systemd-tmpfiles',
  )
  return without === undefined ? undefined : `tests of the rpm need ${without}`
}

describe.skipIf(reason !== undefined)('the rpm', () => {
  let repository: Published
  let machine: string
  let base: string

  beforeAll(() => {
    repository = new Published()
    machine = join(repository.work, 'fedora')
    base = join(repository.work, 'base')
    makeBase()
    pack('0.0.1')
    repository.publish()
  })
  afterAll(() => repository?.remove())

  /** What Fedora would have: an rpm of this machine's libraries and busybox, under the names that falc's rpm asks for. */
  function makeBase(): void {
    const tree = join(repository.work, 'base-tree')
    const programs = ['busybox', 'systemd-sysusers', 'systemd-tmpfiles'].map(name =>
      repository.run('sh', '-c', `command -v ${name}`).trim(),
    )
    const linked = spawnSync('ldd', [join(root, 'node_modules/node/bin/node'), ...programs], { encoding: 'utf8' })
    const libraries = [...linked.stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(match => match[1]!)
    for (const path of new Set([...programs, ...libraries])) {
      mkdirSync(join(tree, dirname(path)), { recursive: true })
      copyFileSync(realpathSync(path), join(tree, path))
    }
    mkdirSync(join(tree, 'bin'))
    symlinkSync(programs[0]!, join(tree, 'bin/sh'))
    symlinkSync(programs[0]!, join(tree, 'bin/rm'))
    const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter(entry => !entry.isDirectory())
    const spec = `Name: base
Version: 1
Release: 1
Summary: s
License: MIT
AutoReqProv: no
Provides: glibc = 2.40, libgcc = 14, libstdc++ = 14, systemd = 256, /bin/sh
%description
d
%files
${files.map(({ parentPath, name }) => join(parentPath, name).slice(tree.length)).join('\n')}
`
    writeFileSync(join(repository.work, 'base.spec'), spec)
    const define = (name: string, value: string) => ['--define', `${name} ${value}`]
    repository.run(
      'rpmbuild',
      ...['-bb', '--quiet', '--noclean', '--target', 'x86_64', '--buildroot', tree],
      ...define('_topdir', join(repository.work, 'rpmbuild')),
      ...define('_rpmdir', base),
      ...define('__os_install_post', '%{nil}'),
      ...define('_binary_payload', 'w1.zstdio'),
      join(repository.work, 'base.spec'),
    )
    repository.run('createrepo_c', '--quiet', base)
  }

  function pack(version: string): void {
    const args = ['--conditions=@falc/source', join(root, 'scripts/pack-linux.ts'), 'rpm', '--fast']
    repository.run(process.execPath, ...args, '--out', repository.release, '--version', version)
  }

  function dnf(...args: readonly string[]): { code: number | null; text: string } {
    const own = [
      ...['-y', '-q', '--noplugins', '--releasever=1', `--installroot=${machine}`, '--setopt=install_weak_deps=0'],
      ...[`--setopt=reposdir=${join(machine, 'etc/yum.repos.d')}`, `--setopt=cachedir=${join(machine, 'cache')}`],
    ]
    const { status, stdout, stderr } = spawnSync('dnf', [...own, ...args], { env: repository.env, encoding: 'utf8' })
    return { code: status, text: stdout + stderr }
  }
  const succeeds = (...args: readonly string[]) => {
    const { code, text } = dnf(...args)
    expect(code, text).toBe(0)
    expect(text).not.toMatch(/scriptlet/i)
  }
  const inside = (...args: readonly string[]) => spawnSync('chroot', [machine, ...args], { encoding: 'utf8' })
  const rpm = (...args: readonly string[]) => repository.run('rpm', '--root', machine, ...args)
  const users = () =>
    readFileSync(join(machine, 'etc/passwd'), 'utf8')
      .match(/^falc[\w-]*/gm)
      ?.sort()

  /** A machine that has added the repository as docs/install.md says. */
  beforeEach(() => {
    rmSync(join(machine, 'cache'), { recursive: true, force: true })
    mkdirSync(join(machine, 'etc/yum.repos.d'), { recursive: true })
    copyFileSync(join(repository.folder, 'falc.repo'), join(machine, 'etc/yum.repos.d/falc.repo'))
    const text = `[base]\nname=base\nbaseurl=file://${base}\ngpgcheck=0\n`
    writeFileSync(join(machine, 'etc/yum.repos.d/base.repo'), text)
  })

  const list = () => join(repository.folder, 'rpm/repodata/repomd.xml')
  const nothing = /Unable to find a match: falc/
  test.each<[string, () => void, RegExp]>([
    ['an unsigned index', () => rmSync(`${list()}.asc`), nothing],
    [
      'an index signed by another key',
      () => repository.run('gpg', '--batch', '--yes', '--local-user', 'other', '--armor', '--detach-sign', list()),
      nothing,
    ],
    ['an index that has been changed', () => appendFileSync(list(), '\n'), nothing],
    [
      'a package that has been changed',
      () => {
        const path = join(repository.folder, 'rpm/falc-0.0.1-1.x86_64.rpm')
        const bytes = readFileSync(path)
        bytes[bytes.length - 1]! ^= 1
        writeFileSync(path, bytes)
      },
      /checksum|digest/i,
    ],
  ])('refuses %s', (_, change, message) => {
    repository.changed(change, () => {
      const { code, text } = dnf('install', 'falc')
      expect(text).toMatch(message)
      expect(code).not.toBe(0)
      expect(existsSync(join(machine, 'usr/bin/falc'))).toBe(false)
    })
  })

  test('an rpm that could not be signed is not published', () => {
    const bin = join(repository.work, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'rpmsign'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const [release, out] = [join(repository.work, 'unsigned'), join(repository.work, 'without')]
    mkdirSync(release)
    copyFileSync(join(repository.release, 'falc-0.0.1-1.x86_64.rpm'), join(release, 'falc-0.0.1-1.x86_64.rpm'))
    const env = { ...repository.env, PATH: `${bin}:${repository.env.PATH}` }
    const script = join(root, 'scripts/repositories.sh')
    const { status } = spawnSync('sh', [script, release, out, 'own', `file://${out}`], { env })
    expect([status, readdirSync(join(out, 'rpm')).filter(name => name.endsWith('.rpm'))]).toEqual([1, []])
  })

  test('installs into an empty root, and falc runs there', () => {
    succeeds('install', 'falc')
    expect(users()).toEqual(['falc', 'falc-probe'])
    expect(inside('/usr/bin/falc', '--version').stdout).toContain('falc version: ')
    expect(inside('/usr/lib/falc/falc-probe', '--version').status).toBe(0)
    copyFileSync(join(root, 'examples/captures/host-a.scap'), join(machine, 'host-a.scap'))
    const replay = inside('/usr/bin/falc', 'run', '-r', '/usr/share/falc/rules/syscall.yaml', '-e', '/host-a.scap')
    expect(replay.stdout, replay.stderr).toMatch(/Warning .*\/etc\/shadow/)
    const signed = '%{SIGPGP:pgpsig}%{RSAHEADER:pgpsig}%{DSAHEADER:pgpsig}'
    expect(rpm('-q', '--qf', signed, 'falc')).toContain('Key ID')
    expect(rpm('-V', 'falc')).toBe('')
  })

  test('upgrades to the next version and keeps a changed configuration', () => {
    const config = join(machine, 'etc/falc/falco.yaml')
    appendFileSync(config, 'priority: info\n')
    pack('0.0.2')
    repository.publish()
    succeeds('upgrade')
    expect(rpm('-q', '--qf', '%{VERSION}', 'falc')).toBe('0.0.2')
    expect(readFileSync(config, 'utf8')).toContain('priority: info\n')
    expect(users()).toEqual(['falc', 'falc-probe'])
  })

  test('removing the package leaves a changed configuration and the users', () => {
    mkdirSync(join(machine, 'var/lib/falc/rules'), { recursive: true })
    succeeds('remove', 'falc')
    const left = [...PLACES.map(({ to }) => to), ...STATE]
    expect(left.filter(path => /falc/.test(path) && existsSync(join(machine, path)))).toEqual([])
    expect(readdirSync(join(machine, 'etc/falc'))).toEqual(['falco.yaml.rpmsave'])
    expect(users()).toEqual(['falc', 'falc-probe'])
  })
})
