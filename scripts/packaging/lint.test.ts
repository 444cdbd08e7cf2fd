/** The distributions' own checkers find nothing unexplained in the packages, and AppArmor's parser accepts the profiles. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { lacking } from './published.ts'

const root = resolve(import.meta.dirname, '../..')
const built = existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node'))
const cannotPack = built ? undefined : 'the native parts are not built'

describe('packages', { timeout: 600_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-lint-'))
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  const without = { deb: cannotPack ?? missing('lintian dpkg-deb'), rpm: cannotPack ?? missing('rpmlint rpmbuild') }
  let packages: string[] = []
  beforeAll(() => {
    const formats = (['deb', 'rpm'] as const).filter(format => without[format] === undefined)
    if (formats.length === 0) return
    const args = ['--conditions=@falc/source', join(root, 'scripts/pack-linux.ts'), ...formats, '--fast', '--out', work]
    packages = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
  }, 600_000)

  test.skipIf(skipped('peers', without.deb))('lintian finds nothing in the deb', () => {
    const { stdout } = spawnSync('lintian', ['--allow-root', '--tag-display-limit', '0', packages[0]!], {
      encoding: 'utf8',
    })
    // Caused by the compression, which only tests use.
    expect(
      stdout.split('\n').filter(line => line !== '' && !/ malformed-deb-archive .*\.tar\.zst /.test(line)),
    ).toEqual([])
  })

  test.skipIf(skipped('peers', without.rpm))('rpmlint finds nothing in the rpm', () => {
    const { stdout } = spawnSync('rpmlint', ['--config', join(root, 'deploy/rpm/rpmlint.toml'), packages.at(-1)!], {
      encoding: 'utf8',
    })
    expect(stdout.split('\n').filter(line => / [EW]: /.test(line))).toEqual([])
    expect(stdout).toMatch(/1 packages? and 0 specfiles checked; 0 errors, 0 warnings/)
  })
})

test('after a rotation, the engine is told in words that systemd 247, the oldest supported release, knows', () => {
  const control = readFileSync(join(root, 'deploy/debian/control'), 'utf8')
  expect(control).toContain('systemd (>= 247)')
  const config = readFileSync(join(root, 'deploy/config/logrotate'), 'utf8')
  const [, script] = /^\tpostrotate\n\t\t(.*)\n\tendscript$/m.exec(config)!
  expect(script).toMatch(/^systemctl kill --kill-who=main --signal=USR1 falc\.service /)
})

describe.skipIf(skipped('peers', missing('apparmor_parser')))('the AppArmor profiles', () => {
  const text = readFileSync(join(root, 'deploy/apparmor/falc'), 'utf8')
  const parse = (input: string) => spawnSync('apparmor_parser', ['-Q', '-K'], { input, encoding: 'utf8' })

  test('are accepted by the parser, which rejects an unknown capability', () => {
    expect(parse(text).status).toBe(0)
    expect(parse(text.replace('capability bpf', 'capability bfp')).stderr).toContain('Invalid capability bfp')
  })

  test.each(['falc', 'falc-probe'])('%s.service names its profile, which has the capabilities of the unit', name => {
    const unit = readFileSync(join(root, `deploy/systemd/${name}.service`), 'utf8')
    expect(unit).toContain(`\nAppArmorProfile=-${name}\n`)
    const [, body = ''] = new RegExp(`^profile ${name} flags=\\(complain.*?\\{\\n(.*?)^\\}`, 'ms').exec(text)!
    const listed = [...body.matchAll(/^ {2}capability (\w+),/gm)].map(match => `CAP_${match[1]!.toUpperCase()}`)
    const [, bounding = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(unit)!
    // For units to which an administrator adds it, before Linux 5.11.
    expect(listed.filter(one => one !== 'CAP_SYS_RESOURCE')).toEqual(bounding.split(' ').filter(Boolean))
  })
})

function missing(programs: string): string | undefined {
  const without = lacking(programs)
  return without === undefined ? undefined : `checking the packages needs ${without}`
}
