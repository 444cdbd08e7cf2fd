/** Rules from a registry: attacks and broken updates are refused, and leave the installed rules unchanged. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { folder } from '../../outputs/test/transports/peer.ts'
import { type ArtifactConfig, pushArtifact } from '../src/updates/artifact.ts'
import { Generations } from '../src/updates/generations.ts'
import { parseReference, printReference } from '../src/updates/reference.ts'
import { Repository } from '../src/updates/registry.ts'
import { signManifest } from '../src/updates/signature.ts'
import { RefusedError, update } from '../src/updates/update.ts'
import { startFalc } from './process.ts'
import { files, keyPair, noRegistry, rulesText, said, settings, startRegistry, testText } from './registry.ts'

let dir: string
beforeEach(() => {
  dir = folder()
})

describe.skipIf(noRegistry())('with a registry', () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>
  let keys: Readonly<Record<'own' | 'other', ReturnType<typeof keyPair>>>
  let number = 0
  let at: string
  beforeAll(async () => {
    at = mkdtempSync(join(tmpdir(), 'falc-registry-'))
    registry = await startRegistry(at)
    keys = { own: keyPair(at, 'own', 'ed25519'), other: keyPair(at, 'other', 'p256') }
  })
  afterAll(() => {
    registry?.stop()
    rmSync(at, { recursive: true, force: true })
  })

  /** A new repository, and functions that publish to it and install from it. */
  function shop(signedBy: 'own' | 'other' | 'nobody' = 'own') {
    const where = parseReference(`${registry.host}/shop${++number}/base:1`)
    const to = new Repository(where, { plain: [registry.host] })
    const options = settings(dir, registry.host, [`updates.keys[0]=${keys.own.open}`])
    const publish = async (
      version: string,
      texts: Readonly<Record<string, string>>,
      more: Partial<ArtifactConfig> = {},
    ) => {
      const sign = async (digest: string) => {
        if (signedBy !== 'nobody') await signManifest(to, digest, 'base', keys[signedBy].secret)
      }
      return pushArtifact(to, said(version, more), files(texts), ['1', version], sign)
    }
    const install = (force = false) => update(where, { ...options, force })
    const refused = async (reason: string) => {
      const before = options.generations.state
      await expect(install()).rejects.toThrow(reason)
      await expect(install()).rejects.toBeInstanceOf(RefusedError)
      expect(options.generations.state).toEqual(before)
      const folders = join(options.generations.folder, 'generations')
      expect(existsSync(folders) ? readdirSync(folders) : []).toHaveLength(before.artifacts.length)
    }
    return { where, to, options, publish, install, refused }
  }

  test('an artifact is installed, updated, rolled back, and then installed again only by force', async () => {
    const { options, publish, install } = shop()
    await publish('1.0.0', { 'base.yaml': rulesText(), 'base.test.yaml': testText() })
    expect(await install()).toMatchObject({
      installed: { name: 'base', version: '1.0.0', signedBy: keys.own.open },
      trial: { tests: 1 },
    })
    expect(await install()).toBeUndefined()
    const digest = await publish('1.1.0', { 'base.yaml': rulesText('Taken') })
    expect(await install()).toMatchObject({
      before: { version: '1.0.0' },
      trial: {
        changes: [
          { rule: 'Got', kind: 'removed' },
          { rule: 'Taken', kind: 'added' },
        ],
      },
    })
    const text = () => readFileSync(join(options.generations.current, 'base', 'base.yaml'), 'utf8')
    expect(text()).toContain('Taken')
    options.generations.rollBack()
    expect(text()).toContain('Got')
    expect(options.generations.refused).toEqual([{ name: 'base', digest, reason: '1.1.0 was rolled back', held: true }])
    await expect(install()).rejects.toThrow('1.1.0 was rolled back')
    expect(await install(true)).toMatchObject({ installed: { version: '1.1.0' } })
    expect(options.generations.refused).toEqual([])
  })

  test('an artifact signed by an untrusted key is refused', async () => {
    const { publish, refused } = shop('other')
    await publish('1.0.0', { 'base.yaml': rulesText() })
    await refused('none of updates.keys has signed it')
  })

  test('an unsigned artifact is refused, with or without a key, unless allow_unsigned is set', async () => {
    const { where, publish, refused } = shop('nobody')
    await publish('1.0.0', { 'base.yaml': rulesText() })
    await refused('none of updates.keys has signed it')
    const bare = settings(dir, registry.host)
    await expect(update(where, bare)).rejects.toThrow('there is no key to check its signature with')
    const open = settings(dir, registry.host, ['updates.allow_unsigned=true'])
    expect(await update(where, open)).toMatchObject({ installed: { signedBy: undefined } })
  })

  test('mix and match: the signature of another artifact is refused, and so is another name', async () => {
    const { to, publish, refused } = shop()
    const good = await publish('1.0.0', { 'base.yaml': rulesText() })
    const bad = await pushArtifact(to, said('1.0.1'), files({ 'base.yaml': rulesText('Evil') }), ['1'])
    const signature = await to.manifest(`${good.replace(':', '-')}.sig`)
    await to.pushManifest(`${bad.replace(':', '-')}.sig`, signature.bytes)
    await refused('none of updates.keys has signed it')
    await publish('1.0.2', { 'base.yaml': rulesText() }, { name: 'other' })
    await refused('its manifest names it "other", not "base"')
  })

  test('rollback: a tag that moves back to an older version is refused, unless forced', async () => {
    const { publish, install, refused } = shop()
    await publish('1.10.0', { 'base.yaml': rulesText() })
    await install()
    await publish('1.9.0', { 'base.yaml': rulesText('Old') })
    await refused('version 1.9.0 is older than 1.10.0, which is installed')
    expect(await install(true)).toMatchObject({ installed: { version: '1.9.0' } })
  })

  test.each([
    ['rules that do not load', { 'base.yaml': '- rule: broken' }, {}, 'LOAD_ERR'],
    [
      'a test that fails',
      { 'base.yaml': rulesText(), 'base.test.yaml': testText().replace('get"}', 'list"}') },
      {},
      '1 test of its own failed: a get',
    ],
    [
      'an engine that is too old',
      { 'base.yaml': rulesText() },
      { requirements: [{ name: 'engine_version_semver', version: '0.99.0' }] },
      'required_engine_version',
    ],
    [
      'a plugin that is missing',
      { 'base.yaml': rulesText() },
      { dependencies: [{ name: 'cloudtrail', version: '1.0.0' }] },
      'cloudtrail',
    ],
    [
      'an unknown requirement',
      { 'base.yaml': rulesText() },
      { requirements: [{ name: 'moon', version: '1' }] },
      'it requires moon 1',
    ],
  ])('refused: %s', async (_, texts, more, reason) => {
    const { publish, refused } = shop()
    await publish('1.0.0', texts as unknown as Record<string, string>, more)
    await refused(reason)
  })

  test('an update that breaks other rules files is refused', async () => {
    const { options, publish, install } = shop()
    writeFileSync(
      join(dir, 'own.yaml'),
      '- rule: Got\n  condition: and ka.user.name = eve\n  override: {condition: append}\n',
    )
    const config = {
      ...options.config,
      rules_files: [join(options.generations.current, 'base'), join(dir, 'own.yaml')],
    }
    const all = { ...options, config }
    await publish('1.0.0', { 'base.yaml': rulesText() })
    const where = parseReference(`${registry.host}/shop${number}/base:1`)
    expect(await update(where, all)).toMatchObject({ installed: { version: '1.0.0' } })
    await publish('1.1.0', { 'base.yaml': rulesText('Taken') })
    await expect(update(where, all)).rejects.toThrow('own.yaml')
    expect(options.generations.state.artifacts[0]!.version).toBe('1.0.0')
    // On its own, the update is valid.
    expect(await install()).toMatchObject({ installed: { version: '1.1.0' } })
  })

  test('falc installs what oras pushes, and oras fetches what falc pushes', async () => {
    const { where, to, install, options } = shop()
    const at = folder()
    writeFileSync(join(at, 'base.yaml'), rulesText())
    writeFileSync(join(at, 'config.json'), JSON.stringify(said('2.0.0')))
    execFileSync('tar', ['-czf', 'base.tar.gz', 'base.yaml'], { cwd: at })
    const oras = (...args: readonly string[]) => execFileSync('oras', args, { cwd: at, encoding: 'utf8' })
    const config = 'config.json:application/vnd.cncf.falco.rulesfile.config.v1+json'
    const layer = 'base.tar.gz:application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz'
    oras('push', '--plain-http', '--config', config, printReference(where), layer)
    await signManifest(to, (await to.manifest('1')).digest, 'base', keys.own.secret)
    expect(await install()).toMatchObject({ installed: { version: '2.0.0' } })
    expect(readdirSync(join(options.generations.current, 'base'))).toEqual(['base.yaml'])

    const digest = await pushArtifact(to, said('2.1.0'), files({ 'base.yaml': rulesText('Taken') }), ['2'])
    const { config: pulled, layers } = JSON.parse(
      oras('manifest', 'fetch', '--plain-http', `${registry.host}/${where.repository}@${digest}`),
    )
    expect(
      JSON.parse(
        oras('blob', 'fetch', '--plain-http', '--output', '-', `${registry.host}/${where.repository}@${pulled.digest}`),
      ),
    ).toMatchObject({
      version: '2.1.0',
    })
    oras(
      'blob',
      'fetch',
      '--plain-http',
      '--output',
      'layer.tar.gz',
      `${registry.host}/${where.repository}@${layers[0].digest}`,
    )
    expect(execFileSync('tar', ['-xzOf', 'layer.tar.gz', 'base.yaml'], { cwd: at, encoding: 'utf8' })).toBe(
      rulesText('Taken'),
    )
  })

  test('follow: a version whose test fails is not installed, the fixed one is, and no event is lost', async () => {
    const { where } = shop()
    const config = join(dir, 'falco.yaml')
    const text = `rules_files: [${join(dir, 'own.yaml')}, ${join(dir, 'rules/current/base')}]
stdout_output: {enabled: false}
file_output: {enabled: true, keep_alive: true, filename: ${join(dir, 'alerts')}}
updates: {folder: ${join(dir, 'rules')}, plain_http: ["${registry.host}"], keys: [${keys.own.open}], artifacts: ["${printReference(where)}"], every: 1s}
`
    writeFileSync(config, text)
    writeFileSync(join(dir, 'base.yaml'), rulesText())
    const falc = (...args: readonly string[]) => {
      const started = startFalc([...args, '-c', config], dir)
      onTestFinished(async () => {
        started.child.kill('SIGKILL')
        await started.exit
      })
      return started
    }
    const push = async (version: string, texts: Readonly<Record<string, string>>) => {
      for (const [name, content] of Object.entries(texts)) writeFileSync(join(dir, name), content)
      const target = `${registry.host}/${where.repository}`
      const pushed = falc(
        'rules',
        'push',
        target,
        ...Object.keys(texts),
        '--version',
        version,
        '--sign',
        keys.own.secret,
      )
      expect(await pushed.exit, pushed.output.stderr).toBe(0)
    }
    await push('1.0.0', { 'base.yaml': rulesText() })
    const installed = falc('rules', 'install', printReference(where), '--dry-run')
    expect(await installed.exit, installed.output.stderr).toBe(0)

    // As in a new pod: the engine is running when the first version is installed.
    writeFileSync(join(dir, 'own.yaml'), rulesText('Own').replace('= get', '= delete'))
    const log = join(dir, 'audit.jsonl')
    writeFileSync(log, '')
    const run = falc('run', '--k8s-audit', log, '--follow', '--from-start')
    await run.sees('Detecting with 1 rule')
    const follow = falc('rules', 'follow')
    await follow.sees('Installed base 1.0.0')
    await run.sees('Reloaded configuration and rules: 2 rules')
    let written = 0
    // 2,000 a second, as nearly as timers allow.
    const begun = performance.now()
    const writing = setInterval(() => {
      const due = Math.floor((performance.now() - begun) * 2)
      let lines = ''
      for (; written < due; written++)
        lines += `{"kind":"Event","auditID":"${written}","stage":"ResponseComplete","stageTimestamp":"2026-05-04T10:20:30.000000Z","verb":"get","objectRef":{"name":"n${written}"}}\n`
      appendFileSync(log, lines)
    }, 10)
    onTestFinished(() => clearInterval(writing))
    const version = () => new Generations(join(dir, 'rules')).state.artifacts[0]!.version

    await push('1.1.0', {
      'base.yaml': rulesText('Renamed'),
      'base.test.yaml': testText('Renamed').replace('get"}', 'list"}'),
    })
    await follow.sees('is not installed: 1 test of its own failed: a get')
    expect(version()).toBe('1.0.0')
    const refused = () => new Generations(join(dir, 'rules')).refused.map(({ reason }) => reason)
    await eventually(() => expect(refused()).toEqual(['1 test of its own failed: a get']))
    await push('1.1.1', { 'base.yaml': rulesText('Renamed'), 'base.test.yaml': testText('Renamed') })
    await follow.sees('Installed base 1.1.1')
    await eventually(() =>
      expect(run.output.stderr.split('Reloaded configuration and rules').length).toBeGreaterThan(2),
    )
    expect(version()).toBe('1.1.1')
    const after = written
    await eventually(() => expect(written).toBeGreaterThan(after + 2000))
    clearInterval(writing)
    const alerts = () => readFileSync(join(dir, 'alerts'), 'utf8').split('\n').length - 1
    await eventually(() => expect(alerts()).toBe(written))
    expect(refused()).toEqual([])
  })
})
