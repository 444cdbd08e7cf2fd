import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheFolder } from '../src/cache-folder.ts'

const NAMES = ['CACHE_DIRECTORY', 'XDG_CACHE_HOME', 'HOME'] as const
const before = NAMES.map(name => [name, process.env[name]] as const)

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-cache-'))
  for (const name of NAMES) delete process.env[name]
})
afterEach(() => {
  rmSync(dir, { recursive: true })
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

describe('the cache is', () => {
  test("below the user's home", () => {
    process.env.HOME = dir
    expect(cacheFolder()).toEqual({ folder: join(dir, '.cache/falc') })
    mkdirSync(join(dir, '.cache/falc'), { recursive: true, mode: 0o700 })
    expect(cacheFolder()).toEqual({ folder: join(dir, '.cache/falc') })
  })

  test('in XDG_CACHE_HOME, which takes precedence over the home', () => {
    process.env.HOME = '/'
    process.env.XDG_CACHE_HOME = dir
    expect(cacheFolder()).toEqual({ folder: join(dir, 'falc') })
  })

  test('in the folder that systemd provides, which takes precedence over both', () => {
    process.env.XDG_CACHE_HOME = '/'
    process.env.CACHE_DIRECTORY = `${dir}:/var/cache/other`
    expect(cacheFolder()).toEqual({ folder: dir })
  })

  test('in a folder from systemd that does not exist yet: it is created with mode 0700', () => {
    process.env.CACHE_DIRECTORY = join(dir, 'made/cache')
    expect(cacheFolder()).toEqual({ folder: join(dir, 'made/cache') })
    expect(statSync(join(dir, 'made/cache')).mode & 0o777).toBe(0o700)
  })

  test.each<[string, string, () => void]>([
    ['there is no home', 'is set', () => {}],
    ['the home does not exist', 'none is not a folder', () => (process.env.HOME = join(dir, 'none'))],
    [
      'other users can write there',
      '.cache is not a folder of this user',
      () => {
        process.env.HOME = dir
        mkdirSync(join(dir, '.cache'))
        chmodSync(join(dir, '.cache'), 0o777)
      },
    ],
    [
      'it cannot be read',
      '.cache is not a folder of this user',
      () => {
        process.env.HOME = dir
        symlinkSync('.cache', join(dir, '.cache'))
      },
    ],
  ])('nowhere when %s, with the reason', (_, reason, arrange) => {
    arrange()
    expect(cacheFolder()).toEqual({ reason: expect.stringContaining(reason) })
  })
})
