import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
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
  for (const [name, value] of before) if (value !== undefined) process.env[name] = value
})

describe('compiled code and rules are kept', () => {
  test("below the user's home", () => {
    process.env.HOME = dir
    expect(cacheFolder()).toBe(join(dir, '.cache/falc'))
    mkdirSync(join(dir, '.cache/falc'), { recursive: true, mode: 0o700 })
    expect(cacheFolder()).toBe(join(dir, '.cache/falc'))
  })

  test('where XDG_CACHE_HOME says, before that', () => {
    process.env.HOME = '/'
    process.env.XDG_CACHE_HOME = dir
    expect(cacheFolder()).toBe(join(dir, 'falc'))
  })

  test('where systemd says, first of all', () => {
    process.env.XDG_CACHE_HOME = '/'
    process.env.CACHE_DIRECTORY = `${dir}:/var/cache/other`
    expect(cacheFolder()).toBe(dir)
  })

  test.each<[string, () => void]>([
    ['nobody has a home', () => {}],
    ['the home is not there', () => (process.env.HOME = join(dir, 'none'))],
    [
      'others may write there',
      () => {
        process.env.HOME = dir
        mkdirSync(join(dir, '.cache'))
        chmodSync(join(dir, '.cache'), 0o777)
      },
    ],
    [
      'it cannot be looked at',
      () => {
        process.env.HOME = dir
        symlinkSync('.cache', join(dir, '.cache'))
      },
    ],
  ])('nowhere when %s', (_, arrange) => {
    arrange()
    expect(cacheFolder()).toBeUndefined()
  })
})
