/** Registries for tests: Debian's docker-registry, or one that lies. */
import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { skipped } from '../../../scripts/testing/needs.ts'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { missing } from '../../outputs/test/transports/peer.ts'
import { loadConfig } from '../src/config/config.ts'
import { loadSources } from '../src/sources/load.ts'
import type { ArtifactConfig } from '../src/updates/artifact.ts'
import { Generations } from '../src/updates/generations.ts'

const sources = await loadSources()

export const rulesText = (name = 'Got') =>
  JSON.stringify([
    { rule: name, desc: 'd', condition: 'ka.verb = get', output: 'got', priority: 'NOTICE', source: 'k8s_audit' },
  ])
export const testText = (name = 'Got') =>
  JSON.stringify({ rules: 'base.yaml', tests: [{ name: 'a get', audit: { verb: 'get' }, expect: { [name]: 1 } }] })
export const files = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([name, text]) => ({ name, content: Buffer.from(text) }))
export const said = (version: string, more: Partial<ArtifactConfig> = {}): ArtifactConfig => ({
  ...{ name: 'base', version, dependencies: [], requirements: [] },
  ...more,
})

export const settings = (dir: string, host: string, more: readonly string[] = []) => {
  const generations = new Generations(join(dir, 'rules'))
  const config = loadConfig(undefined, [
    `updates.plain_http[0]=${host}`,
    `updates.folder=${generations.folder}`,
    ...more,
  ])
  return { config, sources, generations }
}

export function noRegistry(): string | undefined {
  return skipped('peers', missing('docker-registry', 'oras', 'openssl'))
}

/** Starts Debian's docker-registry. @returns its host and port, and a function that stops it */
export async function startRegistry(folder: string): Promise<{ readonly host: string; stop(): void }> {
  const host = `127.0.0.1:${await freePort()}`
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: join(folder, 'blobs') } },
    http: { addr: host },
  }
  writeFileSync(join(folder, 'registry.yml'), JSON.stringify({ ...config, log: { level: 'error' } }))
  const child = spawn('docker-registry', ['serve', join(folder, 'registry.yml')], { stdio: 'ignore' })
  await eventually(async () => {
    if (!(await fetch(`http://${host}/v2/`)).ok) throw new Error('not ready')
  })
  return { host, stop: () => void child.kill('SIGKILL') }
}

/** Starts a server whose responses the test chooses. */
export async function startLiar(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { host, stop }
}

/** Creates a key pair. @returns the paths of its files */
export function keyPair(folder: string, name: string, algorithm: 'ed25519' | 'p256') {
  const [secret, open] = [join(folder, `${name}.key`), join(folder, `${name}.pub`)]
  const kind = algorithm === 'ed25519' ? ['ed25519'] : ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  execFileSync('openssl', ['genpkey', '-algorithm', ...kind, '-out', secret], { stdio: 'ignore' })
  execFileSync('openssl', ['pkey', '-in', secret, '-pubout', '-out', open], { stdio: 'ignore' })
  return { secret, open }
}
