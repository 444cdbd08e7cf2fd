/** An npm registry for tests: it has the tarballs of this project and the installed dependencies, and nothing else. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'

const installed = resolve(import.meta.dirname, '../../node_modules/.pnpm')
const MAX_TARBALL = 256 * 1024 * 1024

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

interface Version {
  readonly manifest: Manifest
  tarball(): Buffer
}

export interface Registry {
  readonly address: string
  /** Packages that it does not have, though others depend on them. Package managers also look for optional peers, and for newer selves. */
  readonly unknown: Set<string>
  stop(): void
}

/**
 * @param tarballs paths of packages of this project
 * @param folders of packages that have no tarball
 */
export async function startRegistry(tarballs: readonly string[], folders: readonly string[]): Promise<Registry> {
  const packed = tarballs.map(ofTarball)
  const others = folders
    .map(ofFolder)
    .filter(one => packed.every(({ manifest }) => manifest.name !== one.manifest.name))
  const own = [...packed, ...others]
  const known = new Map<string, Version[]>()
  const versionsOf = (name: string) => {
    let versions = known.get(name)
    if (versions === undefined) {
      versions = [...own.filter(({ manifest }) => manifest.name === name), ...installedVersions(name)]
      known.set(name, versions)
    }
    return versions
  }
  const unknown = new Set<string>()
  const named = new Set<string>()
  let address = ''

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.slice(1))
    const [, name = '', file] = /^((?:@[^/]+\/)?[^/@]+)(?:\/-\/(.+\.tgz))?$/.exec(path) ?? []
    const versions = versionsOf(name)
    const wanted = versions.find(({ manifest }) => file === `${manifest.version}.tgz`)
    if (versions.length === 0 || (file !== undefined && wanted === undefined)) {
      if (named.has(name)) unknown.add(path)
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
    } else if (wanted) response.end(wanted.tarball())
    else {
      for (const { manifest } of versions) for (const one of Object.keys(manifest.dependencies ?? {})) named.add(one)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(packument(name, versions, address)))
    }
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    address,
    unknown,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function packument(name: string, versions: readonly Version[], address: string) {
  const described = versions.map(({ manifest, tarball }) => {
    const integrity = `sha512-${createHash('sha512').update(tarball()).digest('base64')}`
    return [
      manifest.version,
      { ...manifest, dist: { tarball: `${address}/${name}/-/${manifest.version}.tgz`, integrity } },
    ]
  })
  const numbers = versions.map(({ manifest }) => manifest.version)
  const latest = numbers.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  // Old enough for package managers that wait before they take something new.
  const time = Object.fromEntries(['created', 'modified', ...numbers].map(key => [key, '2024-01-01T00:00:00.000Z']))
  return { name, 'dist-tags': { latest }, versions: Object.fromEntries(described), time }
}

function ofTarball(path: string): Version {
  const manifest = execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' })
  const bytes = readFileSync(path)
  return { manifest: JSON.parse(manifest), tarball: () => bytes }
}

function ofFolder(path: string): Version {
  let bytes: Buffer | undefined
  const args = [
    '-C',
    path,
    '--exclude=./node_modules',
    '--hard-dereference',
    '--transform=s,^\\.,package,',
    '-I',
    'gzip -1',
    '-cf',
    '-',
    '.',
  ]
  const pack = () => execFileSync('tar', args, { maxBuffer: MAX_TARBALL })
  const manifest: Manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  return { manifest, tarball: () => (bytes ??= pack()) }
}

/** pnpm keeps each version of a package in a folder that begins with the package's name. */
function installedVersions(name: string): Version[] {
  const prefix = `${name.replace('/', '+')}@`
  const paths = readdirSync(installed)
    .filter(folder => folder.startsWith(prefix))
    .map(folder => join(installed, folder, 'node_modules', name))
    .filter(path => lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
  return [...new Map(paths.map(ofFolder).map(one => [one.manifest.version, one])).values()]
}
