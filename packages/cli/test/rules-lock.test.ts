/** One process at a time installs rules, and a lock that an earlier one left behind blocks no other. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Config } from '../src/config/config.ts'
import { Generations } from '../src/updates/generations.ts'
import { listed } from '../src/updates/listed.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-rules-lock-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
})

test.each([
  ['a process that had no room on the disk for its ID', ''],
  ['a process that had the same ID, as in a container', `${process.pid}\n`],
])('a lock left by %s does not block', async (_, text) => {
  const folder = join(dir, 'rules')
  mkdirSync(folder)
  writeFileSync(join(folder, 'lock'), text)
  expect(await new Generations(folder).locked(() => 'done')).toBe('done')
  expect(await new Generations(folder).locked(() => 'again')).toBe('again')
})

test('a second installation at the same time is refused', async () => {
  const [one, other] = [new Generations(dir), new Generations(dir)]
  await one.locked(async () => {
    await expect(other.locked(() => {})).rejects.toThrow(`${dir}: another falc is installing rules here`)
  })
  await other.locked(() => {})
})

test('an index of a million entries is refused before it is parsed', async () => {
  const index = join(dir, 'index.yaml')
  writeFileSync(index, `[${'a,'.repeat(1_000_000)}]`)
  const config = { updates: { indexes: [index] } } as unknown as Config
  await expect(listed(config)).rejects.toThrow('the file has more than 1000000 parts')
})

test.each([
  ['https://index.example/index.yaml', 'http://elsewhere.example/index.yaml', 'redirected to http://elsewhere.example'],
  ['https://index.example/index.yaml', 'https://elsewhere.example/index.yaml', undefined],
  ['http://index.example/index.yaml', 'http://elsewhere.example/index.yaml', undefined],
])('a redirect of an index from %s to %s is refused only if TLS is lost', async (from, to, refused) => {
  const fetched = vi.spyOn(globalThis, 'fetch')
  onTestFinished(() => fetched.mockRestore())
  fetched.mockResolvedValue(Object.defineProperty(new Response('[]'), 'url', { value: to }))
  const found = listed({ updates: { indexes: [from] } } as unknown as Config)
  if (refused === undefined) expect(await found).toEqual([])
  else await expect(found).rejects.toThrow(refused)
})
