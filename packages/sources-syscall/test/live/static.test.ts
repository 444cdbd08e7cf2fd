/** The built parts run on any distribution: the sidecar needs no library at all, the addon only an old libc. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WIRE_VERSION } from '../../src/live/wire.ts'
import { ADDON, missing, PROBE } from './machine.ts'

const reason = missing()

const readelf = (...args: string[]) => execFileSync('readelf', [...args], { encoding: 'utf8' })

describe.skipIf(reason !== undefined)('the built parts', () => {
  test('the sidecar needs no library', () => {
    expect(readelf('--dynamic', PROBE)).not.toContain('NEEDED')
    expect(readelf('--program-headers', PROBE)).not.toContain('interpreter')
  })

  test('the sidecar runs in a root folder with nothing else in it', () => {
    const root = mkdtempSync(join(tmpdir(), 'falc-root-'))
    copyFileSync(PROBE, join(root, 'falc-probe'))
    const said = execFileSync('chroot', [root, '/falc-probe', '--version'], { encoding: 'utf8' })
    rmSync(root, { recursive: true })
    expect(said).toBe(`falc-probe, wire version ${WIRE_VERSION}\n`)
  })

  test('stripped of symbols, as in packages, the sidecar takes less than 4 MB', () => {
    const folder = mkdtempSync(join(tmpdir(), 'falc-strip-'))
    execFileSync('strip', ['--strip-all', '-o', join(folder, 'falc-probe'), PROBE])
    const { size } = statSync(join(folder, 'falc-probe'))
    rmSync(folder, { recursive: true })
    expect(size).toBeLessThan(4e6)
  })

  test('the addon needs only a libc, of at most 2.28, the oldest that Node 22 runs on', () => {
    const needed = [...readelf('--dynamic', ADDON).matchAll(/NEEDED.*\[(.*)\]/g)].map(match => match[1])
    expect(needed).toEqual(['libc.so.6'])
    const versions = [...readelf('--version-info', ADDON).matchAll(/GLIBC_2\.(\d+)/g)].map(match => Number(match[1]))
    expect(Math.max(...versions)).toBeLessThanOrEqual(28)
  })
})
