/**
 * Makes a release of what was built last: `release.ts --out FOLDER --key PEM --gpg NAME --address URL [--fast] [--arch ARCH]…`. FOLDER/files gets the npm
 * packages, deb, rpm, tarball, bill of materials, notes, install.sh, digests and their signature; FOLDER/repositories is added to.
 * Publishes nothing: it prints the commands that do.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packPackages } from './pack-packages.ts'

const root = resolve(import.meta.dirname, '..')
const script = (name: string) => join(import.meta.dirname, name)

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    key: { type: 'string' },
    gpg: { type: 'string' },
    address: { type: 'string' },
    fast: { type: 'boolean' },
    arch: { type: 'string', multiple: true },
  },
})
const { out, key, gpg, address, fast } = values
if (!out || !key || !gpg || !address)
  throw new Error('usage: release.ts --out FOLDER --key PEM --gpg NAME --address URL [--fast] [--arch ARCH]…')
try {
  console.log(release(resolve(out), resolve(key), gpg, address, fast ?? false))
} catch (error) {
  console.error(`release: ${(error as Error).message}`)
  process.exitCode = 1
}

/** @returns what is left to do, as commands @throws {Error} when the sources are not those of one release */
function release(out: string, key: string, gpg: string, address: string, fast: boolean): string {
  const version = versionOfAll()
  const files = join(out, 'files')
  if (existsSync(files)) throw new Error(`${files} is there already`)
  mkdirSync(files, { recursive: true })
  writeFileSync(join(files, 'notes.md'), notesOf(version))
  const own = { stdio: ['ignore', 'ignore', 'inherit'] } as const
  packPackages(files)
  const linux = ['--conditions=@falc/source', script('pack-linux.ts'), 'deb', 'rpm', 'tar', ...(fast ? ['--fast'] : [])]
  for (const arch of values.arch ?? builtFor()) {
    run(process.execPath, [script('pack-platform.ts'), '--arch', arch, '--out', files], own)
    run(process.execPath, [...linux, '--arch', arch, '--out', files], own)
  }
  run(process.execPath, [script('sbom.ts'), '--out', join(files, 'sbom.cdx.json')], own)
  run('sh', [script('sign-release.sh'), files, key], own)
  run('sh', [script('repositories.sh'), files, join(out, 'repositories'), gpg, address], own)
  const packages = readdirSync(files).filter(name => name.endsWith('.tgz'))
  return [
    `git tag -s v${version} -m v${version}`,
    `git push origin v${version}`,
    ...packages.map(name => `npm publish --provenance --access public ${join(files, name)}`),
    `gh release create v${version} --notes-file ${join(files, 'notes.md')} ${files}/*`,
    ...imageCommands(version),
    `# every 60 days, while it is the newest: sh scripts/sign-release.sh --renew ${files} KEY, and upload NEWEST and NEWEST.sig again`,
    `# and what serves ${address} gets ${join(out, 'repositories')}`,
  ].join('\n')
}

function imageCommands(version: string): string[] {
  const image = `ghcr.io/falc-engine/falc:${version}`
  const archs = (values.arch ?? builtFor()).map(arch => ` --arch ${arch}`).join('')
  return [
    `node --conditions=@falc/source scripts/pack-image.ts --tag ${image}${archs}`,
    `podman manifest push --all ${image} docker://${image}`,
  ]
}

function run(program: string, args: readonly string[], options: object): void {
  execFileSync(program, args, { cwd: root, ...options })
}

function versionOfAll(): string {
  const manifests = globSync(['packages/*/package.json', 'packages/sources-syscall/npm/*/package.json'], { cwd: root })
  const versions = manifests.map(path => JSON.parse(readFileSync(join(root, path), 'utf8')) as { version: string })
  const [version = '', ...others] = new Set(versions.map(one => one.version))
  if (others.length > 0) throw new Error(`packages have several versions: ${[version, ...others].join(', ')}`)
  // In names of packages a hyphen divides.
  if (!/^\d+\.\d+\.\d+(?:~\w+)?$/.test(version)) throw new Error(`${version} is not X.Y.Z`)
  return version
}

/** The version's part of CHANGELOG.md. */
function notesOf(version: string): string {
  const text = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  const part = text.split(/^## /m).find(one => one.startsWith(`${version}\n`))
  if (part === undefined) throw new Error(`CHANGELOG.md says nothing of ${version}`)
  return part.slice(version.length).trimStart()
}

/** yarn 1 cannot install the command unless the parts of every platform are published: what is missing is said. */
function builtFor(): string[] {
  const native = join(root, 'packages/sources-syscall/native/.output')
  return readdirSync(join(root, 'packages/sources-syscall/npm')).flatMap(platform => {
    const arch = platform.replace('linux-', '')
    if (existsSync(join(native, arch === process.arch ? '' : arch, 'falc.node'))) return [arch]
    console.error(`release: without ${platform}, which is not built: sh scripts/native.sh ${arch}`)
    return []
  })
}
