import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CodeCache } from '../src/code-cache.ts'
import { tuneForEvents, underFirstFlags } from '../src/v8-flags.ts'
import { startFalc } from './process.ts'

const CAPTURE = fileURLToPath(new URL('../../../examples/captures/host-a.scap', import.meta.url))

let folder: string
/** The bundle's folder. */
let own: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falc-code-'))
  own = join(folder, 'bundle')
  mkdirSync(own)
  writeFileSync(join(own, 'part-a1b2c3d4.cjs'), "exports.twice = n => 2 * n\nexports.file = require('./plain.cjs')")
  writeFileSync(join(own, 'plain.cjs'), 'module.exports = __filename')
})
afterEach(() => rmSync(folder, { recursive: true }))

const require = createRequire(import.meta.url)

/** Acts as a process that loads the bundle's file through the cache; returns what the file computes. */
function start(then: (cache: CodeCache) => void): unknown {
  const cache = new CodeCache(folder)
  cache.attach(own)
  const path = join(own, 'part-a1b2c3d4.cjs')
  delete require.cache[path]
  const { twice, file } = require(path)
  then(cache)
  return [twice(21), file]
}
const asEver = () => [42, join(own, 'plain.cjs')]
const kept = () => readdirSync(join(folder, 'code')).map(name => join(folder, 'code', name))
/** Whether the code has been written since the last call. */
function isWritten(): boolean {
  const [path] = kept()
  const { mtimeMs } = statSync(path!)
  utimesSync(path!, 1, 1)
  return mtimeMs > 1000
}

test('code is cached once, and again after the first long run', () => {
  start(cache => cache.save(false))
  expect(kept()).toEqual([expect.stringMatching(/part-a1b2c3d4\.cjs$/)])
  expect(isWritten()).toBe(true)
  expect(start(cache => cache.save(false))).toEqual(asEver())
  expect(isWritten()).toBe(false)
  start(cache => cache.save(true))
  expect(isWritten()).toBe(true)
  start(cache => cache.save(true))
  start(cache => cache.save(false))
  expect(isWritten()).toBe(false)
})

test('functions that were called are cached in compiled form', () => {
  const body = Array.from({ length: 500 }, (_, i) => `n += ${i}`).join('\n')
  writeFileSync(join(own, 'part-a1b2c3d4.cjs'), `exports.twice = n => {\n${body}\nreturn n }\nexports.file = 0`)
  start(cache => cache.save(false))
  const uncalled = statSync(kept()[0]!).size
  start(cache => {
    require.cache[join(own, 'part-a1b2c3d4.cjs')]!.exports.twice(1)
    cache.save(true)
  })
  expect(statSync(kept()[0]!).size).toBeGreaterThan(2 * uncalled)
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['damaged', bytes => bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 4)],
  ['truncated', bytes => bytes.subarray(0, bytes.length - 8)],
  ['empty', () => Buffer.alloc(0)],
])('cached code that is %s is compiled again', (_, change) => {
  start(cache => cache.save(true))
  writeFileSync(kept()[0]!, change(readFileSync(kept()[0]!)))
  expect(isWritten()).toBe(true)
  expect(start(cache => cache.save(false))).toEqual(asEver())
  expect(isWritten()).toBe(true)
  expect(start(() => {})).toEqual(asEver())
})

test('cached code that was not written for a month is removed', () => {
  start(cache => cache.save(false))
  const old = join(folder, 'code', '1-other-a1b2c3d4.cjs')
  writeFileSync(old, '')
  utimesSync(old, new Date(), new Date(Date.now() - 31 * 86_400_000))
  start(cache => cache.save(true))
  expect(kept()).not.toContain(old)
})

test('code runs as usual if the cache cannot be written', () => {
  writeFileSync(join(folder, 'code'), '')
  expect(start(cache => cache.save(true))).toEqual(asEver())
})

test("underFirstFlags runs a function under V8's initial flags, then restores those for events", () => {
  const tag = cachedDataVersionTag()
  tuneForEvents()
  const tuned = cachedDataVersionTag()
  underFirstFlags(() => expect(cachedDataVersionTag()).toBe(tag))
  expect(cachedDataVersionTag()).toBe(tuned)
})

test('nothing is cached under changed V8 flags', () => {
  const before = cachedDataVersionTag()
  start(cache => {
    setFlagsFromString('--max-lazy')
    expect(cachedDataVersionTag()).not.toBe(before)
    cache.save(true)
    setFlagsFromString('--no-max-lazy')
  })
  expect(() => kept()).toThrow('ENOENT')
})

test('falc run raises the same alerts with its code from the cache', async () => {
  const rules = join(folder, 'rules.yaml')
  writeFileSync(
    rules,
    '- {rule: Shadow, desc: d, condition: evt.type = openat and fd.name = /etc/shadow, output: "%proc.name", priority: NOTICE}\n',
  )
  const run = async (env: Record<string, string>) => {
    const falc = startFalc(['run', '-r', rules, '-e', CAPTURE], folder, {
      CACHE_DIRECTORY: join(folder, 'cache'),
      ...env,
    })
    expect(await falc.exit).toBe(0)
    return falc.output.stdout
  }
  const code = () => readdirSync(join(folder, 'cache')).includes('code')
  const without = await run({ NODE_DISABLE_COMPILE_CACHE: '1' })
  expect(without).toContain('Notice')
  expect(code()).toBe(false)
  expect(await run({})).toBe(without)
  expect(code()).toBe(true)
  expect(await run({})).toBe(without)
  // The large parts are cached: none is loaded before the cache is attached.
  const names = readdirSync(join(folder, 'cache/code')).join(' ')
  for (const part of ['syscall', 'detect']) expect(names).toContain(`-${part}-`)
  // Code of another V8, which this one refuses.
  const other = Buffer.alloc(400, 7)
  const kept = Buffer.concat([createHash('sha256').update(other).digest(), other])
  const paths = readdirSync(join(folder, 'cache/code')).map(name => join(folder, 'cache/code', name))
  for (const path of paths) writeFileSync(path, kept)
  expect(await run({})).toBe(without)
  for (const path of paths) expect(readFileSync(path).equals(kept)).toBe(false)
})
