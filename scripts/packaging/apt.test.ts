/** The apt repository, tested with apt-get: installation, upgrade, and rejection of tampered files. */
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { lacking, Published } from './published.ts'

const reason = skipped('peers', whyNot())

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'installing into another root needs root'
  const without = lacking('gpg apt-get apt-ftparchive dpkg-deb createrepo_c')
  return without === undefined ? undefined : `tests of the apt repository need ${without}`
}

/** The folders of an empty machine. */
const FOLDERS = [
  ...['etc/apt/sources.list.d', 'etc/apt/keyrings', 'etc/apt/apt.conf.d', 'etc/apt/preferences.d', 'var/log/apt'],
  ...['var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'],
]

describe.skipIf(reason !== undefined)('the apt repository', () => {
  let repository: Published
  let machine: string

  beforeAll(() => {
    repository = new Published()
    machine = join(repository.work, 'debian')
    makeDeb('1.0.0')
    repository.publish()
  })
  afterAll(() => repository?.remove())

  function makeDeb(version: string): void {
    const tree = mkdtempSync(join(repository.work, 'deb-'))
    for (const name of ['DEBIAN', 'usr/bin']) mkdirSync(join(tree, name), { recursive: true })
    const control = `Package: falc\nVersion: ${version}\nArchitecture: amd64\nMaintainer: F <f@example.org>\nDescription: d\n`
    writeFileSync(join(tree, 'DEBIAN/control'), control)
    writeFileSync(join(tree, 'usr/bin/falc'), version)
    const deb = join(repository.release, `falc_${version}_amd64.deb`)
    repository.run('dpkg-deb', '--root-owner-group', '--build', tree, deb)
  }

  /** A machine that has added the repository as docs/install.md says, and no other. */
  beforeEach(() => {
    rmSync(machine, { recursive: true, force: true })
    for (const path of FOLDERS) mkdirSync(join(machine, path), { recursive: true })
    writeFileSync(join(machine, 'var/lib/dpkg/status'), '')
    const key = join(machine, 'etc/apt/keyrings/falc.asc')
    copyFileSync(join(repository.folder, 'falc.asc'), key)
    const text = readFileSync(join(repository.folder, 'falc.sources'), 'utf8')
    expect(text).toContain('Signed-By: /etc/apt/keyrings/falc.asc\n')
    const own = text.replace('/etc/apt/keyrings/falc.asc', key)
    writeFileSync(join(machine, 'etc/apt/sources.list.d/falc.sources'), own)
  })

  function apt(...args: readonly string[]): { code: number | null; text: string } {
    const config = join(machine, 'apt.conf')
    const options = {
      ...{ Dir: machine, 'Dir::Etc::main': '/dev/null', 'Dir::State::status': join(machine, 'var/lib/dpkg/status') },
      ...{ 'APT::Sandbox::User': 'root', 'APT::Architecture': 'amd64' },
    }
    const lines = Object.entries(options).map(([name, value]) => `${name} "${value}";\n`)
    writeFileSync(config, `${lines.join('')}DPkg::Options {"--root=${machine}"; "--force-script-chrootless";};\n`)
    const env = { ...repository.env, APT_CONFIG: config }
    const { status, stdout, stderr } = spawnSync('apt-get', ['-y', ...args], { env, encoding: 'utf8' })
    return { code: status, text: stdout + stderr }
  }
  const installed = () => {
    const path = join(machine, 'usr/bin/falc')
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }
  const succeeds = (...args: readonly string[]) => {
    const { code, text } = apt(...args)
    expect(code, text).toBe(0)
  }

  const index = () => join(repository.folder, 'apt/dists/stable')
  test.each<[string, () => void, RegExp]>([
    ['an unsigned index', () => rmSync(join(index(), 'InRelease')), /does not have a Release file/],
    [
      'an index signed by another key',
      () => repository.publish('other'),
      /not signed|NO_PUBKEY|could.?n.t be verified|Missing key/i,
    ],
    [
      'a package list that differs from the signed index',
      () => {
        const path = join(index(), 'main/binary-amd64/Packages')
        writeFileSync(path, readFileSync(path, 'utf8').replace('Version: 1.0.0', 'Version: 9.0.0'))
        rmSync(`${path}.gz`)
      },
      /Hash Sum mismatch|unexpected size/,
    ],
  ])('refuses %s', (_, change, message) => {
    repository.changed(change, () => {
      const { code, text } = apt('update')
      expect(text).toMatch(message)
      expect(code).not.toBe(0)
      apt('install', 'falc')
      expect(installed()).toBeUndefined()
    })
  })

  test('refuses a package that has been changed', () => {
    succeeds('update')
    const deb = join(repository.folder, 'apt/pool/falc_1.0.0_amd64.deb')
    repository.changed(
      () => appendFileSync(deb, ' '),
      () => {
        const { code, text } = apt('install', 'falc')
        expect(text).toMatch(/Hash Sum mismatch|unexpected size/)
        expect(code).not.toBe(0)
        expect(installed()).toBeUndefined()
      },
    )
  })

  test('installs the package and upgrades it to the next version', () => {
    succeeds('update')
    succeeds('install', 'falc')
    expect(installed()).toBe('1.0.0')
    makeDeb('1.1.0')
    repository.publish()
    succeeds('update')
    succeeds('upgrade')
    expect(installed()).toBe('1.1.0')
  })
})
