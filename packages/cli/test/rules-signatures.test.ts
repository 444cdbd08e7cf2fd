/** Signatures of artifacts, and what new rules would have made of stored alerts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { folder, missing } from '../../outputs/test/transports/peer.ts'
import { pushArtifact } from '../src/updates/artifact.ts'
import { minisigned, readMinisignKey } from '../src/updates/minisign.ts'
import { parseReference } from '../src/updates/reference.ts'
import { Repository } from '../src/updates/registry.ts'
import { isOf, signManifest } from '../src/updates/signature.ts'
import { update } from '../src/updates/update.ts'
import { startFalc } from './process.ts'
import { files, keyPair, noRegistry, rulesText, said, settings, startRegistry } from './registry.ts'

let dir: string
beforeEach(() => {
  dir = folder()
})

/** Creates a minisign key pair. @returns the paths of its files */
function minisignPair(at: string, name: string) {
  const [secret, open] = [join(at, `${name}.mini`), join(at, `${name}.mini.pub`)]
  execFileSync('minisign', ['-G', '-W', '-s', secret, '-p', open], { stdio: 'ignore' })
  return { secret, open }
}

test.each([
  ['ghcr.io/falcosecurity/rules/falco-rules', 'falcosecurity/rules/falco-rules', true],
  ['ghcr.io/falcosecurity/rules/falco-rules', 'mirror/falcosecurity/rules/falco-rules', true],
  ['localhost:5000/team/base:1.0', 'team/base', true],
  [`localhost/team/base@sha256:${'0'.repeat(64)}`, 'team/base', true],
  ['ghcr.io/other/rules/falco-rules', 'falcosecurity/rules/falco-rules', false],
  ['ghcr.io/team/base', 'other-team/base', false],
  ['ghcr.io/team/base', 'team/base2', false],
  ['ghcr.io/team/base', 'xteam/base', false],
  ['ghcr.io/', 'team/base', false],
  ['', 'team/base', false],
])('a signature for "%s" covers %s: %s', (identity, repository, expected) => {
  expect(isOf(identity, { registry: 'r.example', repository, version: '1' })).toBe(expected)
})

describe.skipIf(skipped('peers', missing('minisign')))('minisign', () => {
  test.each([
    ['in the current format', []],
    ['in the legacy format', ['-l']],
  ])('a signature %s is valid for its message, key and trusted comment only', (_, more) => {
    const { secret, open } = minisignPair(dir, 'own')
    const other = readMinisignKey(readFileSync(minisignPair(dir, 'other').open, 'utf8'))
    const message = Buffer.from('rules')
    writeFileSync(join(dir, 'm'), message)
    execFileSync('minisign', ['-S', ...more, '-s', secret, '-m', join(dir, 'm'), '-t', 'said'], { stdio: 'ignore' })
    const text = readFileSync(join(dir, 'm.minisig'), 'utf8')
    const key = readMinisignKey(readFileSync(open, 'utf8'))
    expect(minisigned(message, text, key)).toBe(true)
    expect(minisigned(Buffer.from('Rules'), text, key)).toBe(false)
    expect(minisigned(message, text, other)).toBe(false)
    expect(minisigned(message, text, { ...key, key: other.key })).toBe(false)
    expect(minisigned(message, text.replace('said', 'sane'), key)).toBe(false)
    expect(minisigned(message, text.split('\n').slice(0, 2).join('\n'), key)).toBe(false)
    expect(minisigned(message, '', key)).toBe(false)
  })

  test.each(['', 'untrusted comment: x\n', 'untrusted comment: x\nRWQ=\n'])('not a public key: %j', text => {
    expect(() => readMinisignKey(text)).toThrow('not a minisign public key')
  })
})

describe.skipIf(noRegistry() ?? skipped('peers', missing('minisign')))('with a registry', () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>
  let at: string
  let keys: Readonly<Record<'own' | 'mini' | 'other', ReturnType<typeof keyPair>>>
  beforeAll(async () => {
    at = mkdtempSync(join(tmpdir(), 'falc-signatures-'))
    registry = await startRegistry(at)
    keys = { own: keyPair(at, 'own', 'p256'), mini: minisignPair(at, 'own'), other: minisignPair(at, 'other') }
  })
  afterAll(() => {
    registry?.stop()
    rmSync(at, { recursive: true, force: true })
  })

  const place = (repository: string) => {
    const where = parseReference(`${registry.host}/${repository}:1`)
    return { where, to: new Repository(where, { plain: [registry.host] }) }
  }
  const trusting = (...paths: readonly string[]) =>
    settings(
      dir,
      registry.host,
      paths.map((path, i) => `updates.keys[${i}]=${path}`),
    )

  test('an artifact without a name installs only from the repository that its signature names', async () => {
    const { name: _, ...nameless } = said('1.0.0')
    const first = place('first/base')
    const sign = (digest: string) => signManifest(first.to, digest, `${registry.host}/first/base`, keys.own.secret)
    const digest = await pushArtifact(first.to, nameless, files({ 'base.yaml': rulesText() }), ['1'], sign)
    expect(await update(first.where, trusting(keys.own.open))).toMatchObject({ installed: { digest } })

    // The same bytes and the same signature in another repository.
    dir = folder()
    const second = place('second/base')
    expect(await pushArtifact(second.to, nameless, files({ 'base.yaml': rulesText() }), ['1'])).toBe(digest)
    await signManifest(second.to, digest, `${registry.host}/first/base`, keys.own.secret)
    await expect(update(second.where, trusting(keys.own.open))).rejects.toThrow(
      `its signature is for "${registry.host}/first/base", and not for "second/base"`,
    )
  })

  test('an artifact signed by minisign installs only if its key is trusted', async () => {
    const { where, to } = place('mini/base')
    const sign = (digest: string) => signManifest(to, digest, 'mini/base', keys.mini.secret)
    await pushArtifact(to, said('1.0.0'), files({ 'base.yaml': rulesText() }), ['1'], sign)
    await expect(update(where, trusting(keys.other.open))).rejects.toThrow('none of updates.keys has signed it')
    await expect(update(where, trusting(keys.own.open))).rejects.toThrow('none of updates.keys has signed it')
    expect(await update(where, trusting(keys.own.open, keys.mini.open))).toMatchObject({
      installed: { signedBy: keys.mini.open },
    })
  })

  test('an update reports what the new rules would have made of the stored alerts', async () => {
    const { where, to } = place('stored/base')
    const publish = (version: string, condition: string) => {
      const text = rulesText().replace('ka.verb = get', condition).replace('"got"', '"%ka.user.name"')
      return pushArtifact(to, said(version), files({ 'base.yaml': text }), ['1'], digest =>
        signManifest(to, digest, 'stored/base', keys.own.secret),
      )
    }
    const { config, ...rest } = trusting(keys.own.open)
    const output = { name: 'history', type: 'store', enabled: true, options: { path: join(dir, 'alerts.db') } }
    const options = { ...rest, config: { ...config, outputs: [output as never] } }
    await publish('1.0.0', 'ka.verb = get')
    expect(await update(where, options)).toMatchObject({ trial: { stored: undefined } })

    const events = ['ann', 'ann', 'eve'].map((username, i) =>
      JSON.stringify({
        ...{ kind: 'Event', auditID: `${i}`, stage: 'ResponseComplete', verb: 'get', user: { username } },
        stageTimestamp: '2026-05-04T10:20:30.000000Z',
      }),
    )
    writeFileSync(join(dir, 'audit.jsonl'), events.join('\n'))
    const written = {
      rules_files: [join(dir, 'rules/current/base')],
      outputs: [{ name: 'history', type: 'store', path: 'alerts.db' }],
    }
    writeFileSync(join(dir, 'falco.yaml'), JSON.stringify(written))
    const { exit, output: printed } = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl'], dir)
    expect(await exit, printed.stderr).toBe(0)

    await publish('1.1.0', 'ka.verb = get and ka.user.name != eve')
    expect(await update(where, options)).toMatchObject({
      trial: { stored: { alerts: 3, changes: [{ rule: 'Got', stays: 2, goes: 1 }] } },
    })
  })
})
