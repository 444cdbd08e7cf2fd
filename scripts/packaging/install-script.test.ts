/** Runs the install script against a release on a test server: it runs nothing unsigned. The package managers are fakes. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../testing/needs.ts'

const root = resolve(import.meta.dirname, '../..')
const TOOLS =
  'sh openssl sha256sum mktemp rm cat uname sed grep wc chmod tar xz sort tail dirname rmdir id mkdir date'.split(' ')
const reason = skipped('peers', whyNot())

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the install script is for Linux on x86-64'
  const without = [...TOOLS, 'curl'].find(name => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  return without === undefined ? undefined : `tests of the install script need ${without}`
}

const FILES = { deb: 'falc_1.0.0_amd64.deb', rpm: 'falc-1.0.0-1.x86_64.rpm', tar: 'falc-1.0.0-linux-x64.tar.xz' }

describe.skipIf(reason !== undefined)('the install script', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-install-script-'))
  const [release, bin, target] = ['release', 'bin', 'target'].map(name => join(work, name)) as [string, string, string]
  const calls = join(work, 'calls')
  const changed = new Map<string, Buffer>()
  let server: Server
  let otherSignature: Buffer

  beforeAll(async () => {
    for (const folder of [release, bin, join(work, 'tree/usr/bin'), join(work, 'tree/etc/falc')])
      mkdirSync(folder, { recursive: true })
    writeFileSync(join(work, 'tree/usr/bin/falc'), '#!/bin/sh\n')
    mkdirSync(join(work, 'tree/usr/lib/falc'), { recursive: true })
    writeFileSync(join(work, 'tree/usr/lib/falc/node'), '')
    writeFileSync(join(work, 'tree/etc/falc/falco.yaml'), 'priority: debug\n')
    execFileSync('tar', ['-C', join(work, 'tree'), '-cJf', join(release, FILES.tar), '.'])
    for (const name of [FILES.deb, FILES.rpm]) writeFileSync(join(release, name), name)
    const keyOf = (name: string) => {
      const path = join(work, name)
      execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path])
      return path
    }
    execFileSync('sh', [join(root, 'scripts/sign-release.sh'), release, keyOf('key.pem')])
    const sign = ['dgst', '-sha256', '-sign', keyOf('other.pem'), join(release, 'SHA256SUMS')]
    otherSignature = execFileSync('openssl', sign)
    for (const name of [...TOOLS, 'curl']) {
      const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
      symlinkSync(path, join(bin, name))
    }
    server = createServer((request, response) => {
      const name = request.url!.slice(1)
      const path = join(release, name)
      if (!existsSync(path)) response.writeHead(404).end()
      else response.end(changed.get(name) ?? readFileSync(path))
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  })
  afterAll(() => {
    server.close()
    rmSync(work, { recursive: true })
  })
  beforeEach(() => {
    changed.clear()
    rmSync(calls, { force: true })
    for (const name of ['dpkg', 'apt-get', 'rpm', 'dnf', 'systemctl']) rmSync(join(bin, name), { force: true })
  })

  /** Adds a program to the machine that records its calls. */
  function program(name: string, path = join(bin, name), then = ''): void {
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >>'${calls}'\n${then}`)
    chmodSync(path, 0o755)
  }

  function run(args: readonly string[] = [], env: Record<string, string> = {}) {
    const { port } = server.address() as AddressInfo
    const all = { PATH: bin, TMPDIR: work, FALC_BASE: `http://127.0.0.1:${port}`, DESTDIR: target, ...env }
    return new Promise<{ code: number; err: string; calls: string }>(done => {
      execFile(join(bin, 'sh'), [join(release, 'install.sh'), ...args], { env: all }, (error, _, stderr) => {
        const called = existsSync(calls) ? readFileSync(calls, 'utf8') : ''
        done({
          code: error ? Number(error.code) : 0,
          err: stderr.trim(),
          calls: called.replace(/\S*\/tmp\.\w+\//g, ''),
        })
      })
    })
  }

  test.each([
    ['dpkg apt-get', `apt-get install -y ${FILES.deb}\n`],
    ['dpkg', `dpkg -i ${FILES.deb}\n`],
    ['rpm dnf', `dnf install -y ${FILES.rpm}\n`],
    ['rpm', `rpm -U ${FILES.rpm}\n`],
  ])('installs the package on a machine with %s', async (programs, expected) => {
    for (const name of programs.split(' ')) program(name)
    expect(await run()).toEqual({ code: 0, err: '', calls: expected })
  })

  test.each([
    ['another package', FILES.deb, `install.sh: ${FILES.deb} is not what the release has: nothing was installed`],
    [
      'other digests',
      'SHA256SUMS',
      'install.sh: SHA256SUMS is not signed by the key of the releases: nothing was installed',
    ],
    [
      'a changed statement of the newest release',
      'NEWEST',
      'install.sh: NEWEST is not signed by the key of the releases: nothing was installed',
    ],
    [
      'an invalid signature',
      'SHA256SUMS.sig',
      'install.sh: SHA256SUMS is not signed by the key of the releases: nothing was installed',
    ],
    [
      'the signature of another key',
      'SHA256SUMS.sig',
      'install.sh: SHA256SUMS is not signed by the key of the releases: nothing was installed',
    ],
  ])('%s: refused before anything runs', async (what, name, message) => {
    program('dpkg')
    program('apt-get')
    changed.set(name, what.endsWith('another key') ? otherSignature : Buffer.from('bad'))
    expect(await run()).toEqual({ code: 1, err: message, calls: '' })
  })

  test.each([
    ['a newer release', 'version 1.1.0\nuntil 29990101\n', 'the release is 1.0.0, and the newest is 1.1.0'],
    ['an old statement', 'version 1.0.0\nuntil 20200229\n', 'that 1.0.0 is the newest release was true until 20200229'],
    ['half a statement', 'version 1.0.0\n', 'that 1.0.0 is the newest release was true until '],
  ])('refuses to install with %s, unless --allow-older is given', async (_, text, message) => {
    for (const name of ['dpkg', 'apt-get']) program(name)
    const path = join(work, 'statement')
    writeFileSync(path, text)
    changed.set('NEWEST', Buffer.from(text))
    changed.set('NEWEST.sig', execFileSync('openssl', ['dgst', '-sha256', '-sign', join(work, 'key.pem'), path]))
    const { code, err, calls } = await run()
    expect([code, calls]).toEqual([1, ''])
    expect(err).toContain(`install.sh: ${message}: nothing was installed; --allow-older takes it`)
    const taken = `apt-get install -y --allow-downgrades ${FILES.deb}\n`
    expect(await run(['--allow-older'])).toEqual({ code: 0, err: '', calls: taken })
  })

  test('with --allow-older, rpm may go back, too', async () => {
    program('rpm')
    const calls = `rpm -U --oldpackage ${FILES.rpm}\n`
    expect(await run(['--allow-older'])).toEqual({ code: 0, err: '', calls })
  })

  test('the statement of the newest release can be renewed for the same release', async () => {
    for (const name of ['dpkg', 'apt-get']) program(name)
    const sums = readFileSync(join(release, 'SHA256SUMS'))
    rmSync(join(release, 'NEWEST'))
    execFileSync('sh', [join(root, 'scripts/sign-release.sh'), '--renew', release, join(work, 'key.pem')])
    expect(readFileSync(join(release, 'NEWEST'), 'utf8')).toMatch(/^version 1\.0\.0\nuntil \d{8}\n$/)
    expect(readFileSync(join(release, 'SHA256SUMS'))).toEqual(sums)
    expect(await run()).toMatchObject({ code: 0, err: '' })
  })

  test.each([
    [
      '1.0.1',
      'older',
      `install.sh: the release is 1.0.0, older than 1.0.1, which is installed: nothing was installed; --allow-older takes it`,
    ],
    ['1.0.0', 'the same', ''],
    ['0.10.0', 'newer', ''],
    ['10.0.0', 'older, and asked for', ''],
  ])('installed over version %s, the release is %s', async (installed, what, message) => {
    for (const name of ['dpkg', 'apt-get']) program(name)
    const manifest = join(target, 'usr/lib/falc/package.json')
    mkdirSync(dirname(manifest), { recursive: true })
    writeFileSync(manifest, JSON.stringify({ name: '@falc/cli', version: installed, type: 'module' }, null, 2))
    const older = what.endsWith('asked for')
    const { code, err, calls } = await run(older ? ['--allow-older'] : [])
    const taken = `apt-get install -y ${older ? '--allow-downgrades ' : ''}${FILES.deb}\n`
    expect([code, err, calls]).toEqual(message ? [1, message, ''] : [0, '', taken])
    rmSync(target, { recursive: true })
  })

  test.each([
    ['aarch64', 'falc_1.0.0_arm64.deb', 'apt-get install -y falc_1.0.0_arm64.deb\n', ''],
    ['riscv64', 'falc_1.0.0_arm64.deb', '', 'install.sh: there is no package for Linux on riscv64'],
  ])('on the architecture %s', async (machine, name, expected, message) => {
    const sums = readFileSync(join(release, 'SHA256SUMS'))
    for (const name_ of ['dpkg', 'apt-get']) program(name_)
    const uname = join(bin, 'uname')
    const own = readlinkSync(uname)
    rmSync(uname)
    writeFileSync(uname, `#!/bin/sh\n[ "$1" = -m ] && echo ${machine} || echo Linux\n`, { mode: 0o755 })
    writeFileSync(join(release, name), name)
    execFileSync('sh', [join(root, 'scripts/sign-release.sh'), release, join(work, 'key.pem')])
    try {
      const { err, calls } = await run()
      expect([err, calls]).toEqual([message, expected])
    } finally {
      rmSync(join(release, name))
      execFileSync('sh', [join(root, 'scripts/sign-release.sh'), release, join(work, 'key.pem')])
      rmSync(uname)
      symlinkSync(own, uname)
    }
    expect(readFileSync(join(release, 'SHA256SUMS'))).toEqual(sums)
  })

  test('a script that is cut off before its last line does nothing', () => {
    const text = readFileSync(join(release, 'install.sh'), 'utf8')
    program('dpkg')
    program('apt-get')
    const half = spawnSync(join(bin, 'sh'), { input: text.slice(0, text.lastIndexOf('main "$@"')), env: { PATH: bin } })
    expect([half.status, existsSync(calls)]).toEqual([0, false])
  })

  const TRIED = 'falc run -c /etc/falc/falco.yaml --dry-run\n'
  const ASKED = 'systemctl --quiet is-active falc\n'
  const STOPPED = `${ASKED}systemctl try-restart falc-probe\n`
  const askedFor = (unit: string) => `systemctl --quiet is-enabled ${unit}\n`
  test.each([
    ['runs, it is replaced', 0, 0, 0, `${ASKED}${TRIED}restart \n`],
    ['runs and refuses the configuration, it is left alone', 0, 0, 1, ASKED + TRIED],
    [
      'does not run, it is started',
      3,
      0,
      0,
      STOPPED + ['falc-probe', 'falc'].map(unit => `${askedFor(unit)}systemctl start ${unit}\n`).join(''),
    ],
    ['is disabled, it stays so', 3, 1, 0, STOPPED + askedFor('falc-probe') + askedFor('falc')],
  ])('with files of a tarball, if the engine %s', (_, active, enabled, loads, expected) => {
    const { status, stderr } = startServices({ active, enabled, loads })
    expect([status, readFileSync(calls, 'utf8')]).toEqual([0, expected])
    expect(stderr.includes('mend the configuration')).toBe(loads !== 0)
  })

  test('with files of a tarball, a unit that cannot be started is an error, once the other was tried', () => {
    const { status, stderr } = startServices({ active: 3, enabled: 0, loads: 0, starts: 1 })
    expect([status, stderr]).toEqual([1, 'install.sh: falc could not be started: journalctl -u falc\n'])
    const tried = ['falc-probe', 'falc'].map(unit => `${askedFor(unit)}systemctl start ${unit}\n`)
    expect(readFileSync(calls, 'utf8')).toBe(STOPPED + tried.join(''))
  })

  /** Runs the last step of an installation from a tarball, on a machine whose programs end with these codes. */
  function startServices(codes: { active: number; enabled: number; loads: number; starts?: number }) {
    const { active, enabled, loads, starts = 0 } = codes
    for (const folder of ['usr/bin', 'usr/lib/falc']) mkdirSync(join(target, folder), { recursive: true })
    onTestFinished(() => rmSync(target, { recursive: true }))
    const answer = `case $2 in is-active) exit ${active} ;; is-enabled) exit ${enabled} ;; *) exit ${starts} ;; esac\n`
    program('systemctl', join(bin, 'systemctl'), answer)
    program('falc', join(target, 'usr/bin/falc'), `exit ${loads}\n`)
    program('restart', join(target, 'usr/lib/falc/restart'))
    const text = readFileSync(join(release, 'install.sh'), 'utf8')
    const input = text.replace(/^main "\$@"$/m, 'start_services')
    const { status, stderr } = spawnSync(join(bin, 'sh'), { input, env: { PATH: bin, DESTDIR: target } })
    return { status, stderr: String(stderr) }
  }

  test('without a package manager, a tarball is installed, updated and removed', async () => {
    mkdirSync(target)
    expect(await run()).toEqual({ code: 0, err: '', calls: '' })
    const config = join(target, 'etc/falc/falco.yaml')
    writeFileSync(config, 'priority: info\n')
    const former = join(target, 'usr/lib/falc/main-former.cjs')
    writeFileSync(former, '')
    appendFileSync(join(target, 'usr/lib/falc/installed-files'), './usr/lib/falc/main-former.cjs\n')
    expect(await run()).toEqual({ code: 0, err: '', calls: '' })
    expect(existsSync(former)).toBe(false)
    expect(readFileSync(config, 'utf8')).toBe('priority: info\n')
    expect(existsSync(join(target, 'usr/bin/falc'))).toBe(true)
    expect(await run(['--uninstall'])).toEqual({ code: 0, err: '', calls: '' })
    expect(['usr', 'etc'].filter(name => existsSync(join(target, name, 'falc')))).toEqual([])
    expect(existsSync(join(target, 'usr/bin/falc'))).toBe(false)
    // The machine's own package is not what is meant.
    program('dpkg')
    expect(await run(['--uninstall'])).toEqual({ code: 1, err: 'install.sh: falc is not installed', calls: '' })
  })
})
