/** Kubeconfig files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fromKubeconfig } from '../src/index.ts'

/** A kubeconfig of two contexts, the second of which is the current one. */
function write(cluster: object, user: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'falc-kubeconfig-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'config')
  const config = {
    'current-context': 'b',
    contexts: [
      { name: 'a', context: { cluster: 'other', user: 'other' } },
      { name: 'b', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [
      { name: 'other', cluster: { server: 'https://other', 'proxy-url': 'http://proxy' } },
      { name: 'c', cluster: { server: 'https://api:6443', ...cluster } },
    ],
    users: [{ name: 'u', user }],
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

test('the current context counts; paths are relative to the file', () => {
  const path = write({ 'certificate-authority': 'ca.crt' }, { tokenFile: 'token', 'client-certificate': '/c.crt' })
  expect(fromKubeconfig(path)).toEqual({
    server: 'https://api:6443',
    token: { file: join(path, '../token') },
    tls_ca: join(path, '../ca.crt'),
    tls_cert: '/c.crt',
  })
})

test.each([
  [{ 'certificate-authority-data': 'x' }, {}, 'certificate-authority-data is not supported: put it into a file'],
  [
    { 'proxy-url': 'http://proxy' },
    {},
    'proxy-url is not supported: set HTTPS_PROXY in the environment, which exec_in_container ignores',
  ],
  [{ 'tls-server-name': 'api' }, {}, 'tls-server-name is not supported'],
  [{}, { 'client-key-data': 'x' }, 'client-key-data is not supported: put it into a file'],
  [{}, { exec: {} }, 'exec is not supported: use a token'],
  [{}, { as: 'admin' }, 'as is not supported'],
])('refuses %j %j', (cluster, user, message) => {
  const path = write(cluster, user)
  expect(() => fromKubeconfig(path)).toThrow(new Error(`${path}: ${message}`))
})
