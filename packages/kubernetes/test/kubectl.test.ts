/** The stand-in for the API server also serves an independent client: kubectl lists and watches it. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { cannotCertify, missing, missingModule, selfSigned } from '../../outputs/test/transports/peer.ts'
import { metadataRole } from '../src/index.ts'
import { ApiServer } from './apiserver.ts'

const without = skipped('peers', missing('kubectl') ?? missingModule('kubernetes') ?? cannotCertify())

describe.skipIf(without)('kubectl', () => {
  let server: ApiServer
  let cache: string
  const pod = (name: string, nodeName: string, labels = {}) =>
    server.tell(
      `put Pod ${JSON.stringify({ metadata: { name, namespace: 'shop', labels }, spec: { nodeName, containers: [] } })}`,
    )

  beforeAll(async () => {
    cache = mkdtempSync(join(tmpdir(), 'falc-kubectl-'))
    // kubectl sends its token only over TLS.
    server = await ApiServer.start(selfSigned(cache))
    server.allow([metadataRole()])
    for (let i = 0; i < 7; i++) await pod(`web-${i}`, `node-${i % 2}`)
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(cache, { recursive: true })
  })

  const words = (args: readonly string[]) => ['--kubeconfig', server.kubeconfig, '--cache-dir', cache, ...args]
  const kubectl = (...args: string[]) =>
    execFileSync('kubectl', words(args), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      .trim()
      .split('\n')

  test('lists pods in pages, and those of one node', () => {
    const all = [0, 1, 2, 3, 4, 5, 6].map(i => `pod/web-${i}`)
    expect(kubectl('get', 'pods', '-A', '-o', 'name', '--chunk-size', '3')).toEqual(all)
    expect(kubectl('get', 'pods', '-n', 'shop', '-o', 'name', '--field-selector', 'spec.nodeName=node-1')).toEqual(
      all.filter((_, i) => i % 2 === 1),
    )
  })

  test('watches pods that are created, changed, moved away and removed', async () => {
    const shown = 'jsonpath={.type} {.object.metadata.name}{"\\n"}'
    const which = ['--field-selector', 'spec.nodeName=node-1']
    const args = ['get', 'pods', '-A', '--watch', '--output-watch-events', '-o', shown, ...which]
    const child = spawn('kubectl', words(args), { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill())
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', line => lines.push(line))
    await until('the list', () => lines.length >= 3)
    await until('the watch', async () => (await server.tell('watches')) === 1)
    lines.length = 0
    await pod('new', 'node-1')
    await pod('new', 'node-1', { a: 'b' })
    await pod('elsewhere', 'node-0')
    await pod('web-1', 'node-0')
    await server.tell('remove Pod shop new')
    await until('the changes', () => lines.length >= 4)
    expect(lines).toEqual(['ADDED new', 'MODIFIED new', 'DELETED web-1', 'DELETED new'])
  })

  test('gets an error for a resource version that is too old', async () => {
    await server.tell('compact')
    await pod('later', 'node-0')
    const [line] = kubectl('get', '--raw', '/api/v1/pods?watch=true&resourceVersion=2')
    expect(JSON.parse(line!)).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
  })

  test('is refused what its role does not allow', () => {
    expect(() => kubectl('delete', 'pod', '-n', 'shop', 'web-0')).toThrow(/cannot (?:get|delete) resource "pods"/)
    expect(() => kubectl('get', 'cronjobs', '-A')).toThrow(/cannot list resource "cronjobs"/)
  })
})
