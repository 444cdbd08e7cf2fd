/**
 * Builds the container image from what was built last, with podman and no registry: `pack-image.ts [--tag NAME] [--arch x64|arm64]…`. It
 * has what packages install, the libraries that Node needs, from this machine, and a bill of materials. Prints the image's name. With
 * --arch, once or more often, NAME is a list of images, NAME-ARCH; another architecture than this machine's is built after
 * scripts/native.sh ARCH, with libraries of Debian's packages.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ARCHITECTURES, type Architecture, architecture, NATIVE } from './packaging/files.ts'
import { fetchNode } from './packaging/other-node.ts'
import { sourceDate, stage } from './packaging/stage.ts'

const root = resolve(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string }
const { values } = parseArgs({
  options: {
    tag: { type: 'string', default: `localhost/falc:${version}` },
    arch: { type: 'string', multiple: true },
  },
})

/** What a container needs of the packages. */
const PARTS = ['usr/lib/falc', 'usr/share/falc', 'etc/falc/rules.d', 'etc/falc/config.d', 'usr/share/doc/falc']

process.umask(0o022)
const list = values.arch?.map(architecture)
if (list === undefined) build(architecture(process.arch), values.tag)
else {
  const names = list.map(arch => `${values.tag}-${arch}`)
  for (const [index, arch] of list.entries()) build(arch, names[index]!)
  podman('manifest', 'create', values.tag)
  for (const name of names) podman('manifest', 'add', values.tag, `containers-storage:${name}`)
}
console.log(values.tag)

function podman(...args: readonly string[]): void {
  execFileSync('podman', args, { stdio: 'pipe' })
}

function build(arch: Architecture, tag: string): void {
  const foreign = arch !== process.arch
  if (foreign) fetchNode(arch)
  const work = mkdtempSync(join(tmpdir(), 'falc-image-'))
  try {
    stage(join(work, 'staged'), version, arch)
    const tree = join(work, 'root')
    for (const part of PARTS) cpSync(join(work, 'staged', part), join(tree, part), { recursive: true })
    put(tree, 'etc/falc/falco.yaml', readFileSync(join(root, 'deploy/image/falco.yaml'), 'utf8'))
    put(tree, 'etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nfalc:x:65532:65532:Falc:/:/sbin/nologin\n')
    put(tree, 'etc/group', 'root:x:0:\nfalc:x:65532:\n')
    for (const folder of ['proc', 'sys', 'dev', 'run/falc', 'host', 'tmp'])
      mkdirSync(join(tree, folder), { recursive: true })
    execFileSync('chmod', ['1777', join(tree, 'tmp')])
    const libraries = foreign ? join(root, NATIVE, `sysroot-${arch}/root`) : '/'
    for (const library of librariesOf(join(tree, 'usr/lib/falc/node'), libraries, arch)) {
      mkdirSync(dirname(join(tree, library)), { recursive: true })
      copyFileSync(realpathSync(join(libraries, library)), join(tree, library))
    }
    const bill = [join(import.meta.dirname, 'sbom.ts'), '--out', join(tree, 'usr/share/falc/sbom.cdx.json')]
    execFileSync(process.execPath, bill, { stdio: 'pipe' })
    copyFileSync(join(root, 'deploy/image/Containerfile'), join(work, 'Containerfile'))
    const labels = Object.entries(labelsOf()).flatMap(([name, value]) => [
      '--label',
      `org.opencontainers.image.${name}=${value}`,
    ])
    const platform = `linux/${ARCHITECTURES[arch].debian}`
    const flags = ['--quiet', '--squash', '--timestamp', String(sourceDate()), '--platform', platform]
    podman('build', ...flags, ...labels, '--tag', tag, work)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function put(tree: string, path: string, text: string): void {
  const to = join(tree, path)
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, text)
}

function labelsOf(): Record<string, string> {
  return {
    title: 'falc',
    description: "Runtime security by Falco's rules, over system calls and audit events",
    version,
    licenses: 'Apache-2.0',
    source: 'https://github.com/falc-engine/falc',
    documentation: 'https://github.com/falc-engine/falc/blob/main/docs/install.md',
  }
}

/**
 * Paths of the libraries that a program is linked to, its loader among them.
 * @throws {Error} when one is not there
 */
function librariesOf(program: string, root: string, arch: Architecture): Set<string> {
  const { gnu } = ARCHITECTURES[arch]
  const folders = [`/lib/${gnu}`, `/usr/lib/${gnu}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib']
  const found = new Set<string>()
  const visit = (file: string): void => {
    const text = execFileSync('readelf', ['-ldW', file], { encoding: 'utf8' })
    const loader = /Requesting program interpreter: (\S+)\]/.exec(text)?.[1]
    if (loader !== undefined) found.add(loader)
    for (const [, name] of text.matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      if ([...found].some(path => basename(path) === name)) continue
      const path = folders.map(folder => join(folder, name!)).find(path => existsSync(join(root, path)))
      if (path === undefined) throw new Error(`${file} needs ${name}, which is not in ${root}`)
      found.add(path)
      visit(join(root, path))
    }
  }
  visit(program)
  return found
}
