/**
 * Builds the container image from what was built last, with podman and no registry: `pack-image.ts [--tag NAME]`. It has what packages
 * install, the libraries that Node needs, from this machine, and a bill of materials. Prints the image's name.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { architecture } from './packaging/files.ts'
import { sourceDate, stage } from './packaging/stage.ts'

const root = resolve(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { version: string }
const { values } = parseArgs({ options: { tag: { type: 'string', default: `localhost/falc:${version}` } } })

/** What a container needs of the packages. */
const PARTS = ['usr/lib/falc', 'usr/share/falc', 'etc/falc/rules.d', 'etc/falc/config.d', 'usr/share/doc/falc']

process.umask(0o022)
const work = mkdtempSync(join(tmpdir(), 'falc-image-'))
try {
  stage(join(work, 'staged'), version, architecture(process.arch))
  const tree = join(work, 'root')
  for (const part of PARTS) cpSync(join(work, 'staged', part), join(tree, part), { recursive: true })
  put('etc/falc/falco.yaml', readFileSync(join(root, 'deploy/image/falco.yaml'), 'utf8'))
  put('etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nfalc:x:65532:65532:Falc:/:/sbin/nologin\n')
  put('etc/group', 'root:x:0:\nfalc:x:65532:\n')
  for (const folder of ['proc', 'sys', 'dev', 'run/falc', 'host', 'tmp'])
    mkdirSync(join(tree, folder), { recursive: true })
  execFileSync('chmod', ['1777', join(tree, 'tmp')])
  for (const library of librariesOf(join(tree, 'usr/lib/falc/node'))) {
    mkdirSync(dirname(join(tree, library)), { recursive: true })
    copyFileSync(realpathSync(library), join(tree, library))
  }
  const bill = [join(import.meta.dirname, 'sbom.ts'), '--out', join(tree, 'usr/share/falc/sbom.cdx.json')]
  execFileSync(process.execPath, bill, { stdio: 'pipe' })
  copyFileSync(join(root, 'deploy/image/Containerfile'), join(work, 'Containerfile'))
  const build = ['build', '--quiet', '--squash', '--timestamp', String(sourceDate())]
  const labels = Object.entries(labelsOf()).flatMap(([name, value]) => [
    '--label',
    `org.opencontainers.image.${name}=${value}`,
  ])
  execFileSync('podman', [...build, ...labels, '--tag', values.tag, work], { stdio: 'pipe' })
  console.log(values.tag)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function put(path: string, text: string): void {
  const to = join(work, 'root', path)
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

/** Paths of the libraries that a program is linked to, its loader among them. */
function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(match => match[1]!)
}
