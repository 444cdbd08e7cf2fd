/**
 * The folder of installed rules: one process at a time changes it, a lock that an earlier one left behind blocks no other, and
 * what fails leaves rules in force.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Config } from '../src/config/config.ts'
import { CliError } from '../src/fail.ts'
import { Generations } from '../src/updates/generations.ts'
import { listed } from '../src/updates/listed.ts'
import { parseReference } from '../src/updates/reference.ts'
import { digestOf } from '../src/updates/registry.ts'
import { pack } from '../src/updates/tar.ts'
import { update } from '../src/updates/update.ts'
import { files, rulesText, said, settings, startLiar } from './registry.ts'

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

test('changes of one process wait for each other, whatever becomes of the one before', async () => {
  const generations = new Generations(dir)
  const steps: string[] = []
  const change = (name: string) =>
    generations.locked(async () => {
      steps.push(`${name} begins`)
      await turn()
      steps.push(`${name} ends`)
      if (name === 'one') throw new CliError('in vain')
    })
  const ended = await Promise.allSettled([change('one'), change('two')])
  expect(ended.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(steps).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
})

test('a state that cannot be read is an error, not a folder without artifacts', () => {
  const generations = new Generations(dir)
  expect([generations.state, generations.refused]).toEqual([{ artifacts: [] }, []])
  mkdirSync(join(dir, 'current', 'state.json'), { recursive: true })
  mkdirSync(join(dir, 'refused.json'))
  expect(() => generations.state).toThrow(`${join(dir, 'current', 'state.json')}: EISDIR`)
  expect(() => generations.refused).toThrow(`${join(dir, 'refused.json')}: EISDIR`)
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

describe('a registry of one artifact', () => {
  /** The registry's one version, and how it is replaced. */
  async function offered() {
    const blobs = new Map<string, Buffer>()
    let manifest = Buffer.from('{}')
    const { host, stop } = await startLiar(({ url = '' }, response) =>
      response.end(url.includes('/blobs/') ? blobs.get(url.slice(url.lastIndexOf('/') + 1)) : manifest),
    )
    onTestFinished(stop)
    const part = (kind: string, bytes: Buffer) => {
      const digest = digestOf(bytes)
      blobs.set(digest, bytes)
      return { mediaType: `application/vnd.cncf.falco.rulesfile.${kind}`, digest, size: bytes.length }
    }
    const offer = (version: string, rule: string) => {
      const config = part('config.v1+json', Buffer.from(JSON.stringify(said(version))))
      const layer = part('layer.v1+tar.gz', pack(files({ 'base.yaml': rulesText(rule) })))
      manifest = Buffer.from(JSON.stringify({ config, layers: [layer] }))
    }
    const options = settings(dir, host, ['updates.allow_unsigned=true'])
    return { options, offer, where: parseReference(`${host}/r/base:1`) }
  }

  test('a version that is not a number is neither older nor newer than another', async () => {
    const { options, offer, where } = await offered()
    for (const version of ['1.0.0', 'main', '0.9.0']) {
      offer(version, `Of ${version}`)
      expect(await update(where, options)).toMatchObject({ installed: { version } })
    }
    offer('0.8.0', 'Old')
    await expect(update(where, options)).rejects.toThrow('version 0.8.0 is older than 0.9.0, which is installed')
  })

  test('an error after the last step leaves the new rules in force', async () => {
    const { options, offer, where } = await offered()
    const { generations } = options
    generations.allow = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    offer('1.0.0', 'Got')
    await expect(update(where, options)).rejects.toThrow('no space left on device')
    expect(generations.state.artifacts).toMatchObject([{ version: '1.0.0' }])
    expect(readFileSync(join(generations.current, 'base', 'base.yaml'), 'utf8')).toBe(rulesText('Got'))
  })

  test('what a killed installation has left is no generation to go back to', async () => {
    const { options, offer, where } = await offered()
    const { generations } = options
    offer('1.0.0', 'Got')
    await update(where, options)
    // As if the process had been killed before its last step.
    const untried = { files: files({ 'base.yaml': rulesText('Untried') }) }
    generations.prepare(untried as never, generations.state.artifacts[0]!)
    offer('1.1.0', 'Taken')
    await update(where, options)
    generations.rollBack()
    expect(readFileSync(join(generations.current, 'base', 'base.yaml'), 'utf8')).toBe(rulesText('Got'))
  })

  test('with a relative updates.folder, an update is loaded with the other rules files, too', async () => {
    const { options, offer, where } = await offered()
    const generations = new Generations(relative(process.cwd(), options.generations.folder))
    const own = join(dir, 'own.yaml')
    writeFileSync(own, '- rule: Got\n  condition: and ka.user.name = eve\n  override: {condition: append}\n')
    const config = { ...options.config, rules_files: [join(generations.current, 'base'), own] }
    offer('1.0.0', 'Got')
    await update(where, { ...options, config, generations })
    offer('1.1.0', 'Taken')
    await expect(update(where, { ...options, config, generations })).rejects.toThrow('own.yaml')
  })
})
