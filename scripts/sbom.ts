/**
 * Writes the bill of materials of the falc command as CycloneDX: `sbom.ts [--out FILE]`, sbom.cdx.json by default. The npm
 * packages come from pnpm's lock file; the libraries that are linked into the sidecar from this machine, where it is built.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { LINKED, packageOf, versionOf } from './linked.ts'

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'sbom.cdx.json') } } })

const work = mkdtempSync(join(tmpdir(), 'falc-sbom-'))
try {
  const path = join(work, 'npm.json')
  const args = ['--filter', '@falc/cli', 'sbom', '--prod', '--sbom-type', 'application', '--sbom-format', 'cyclonedx']
  execFileSync('sh', [join(root, 'scripts/pnpm.sh'), ...args, '--out', path], { cwd: root, stdio: 'pipe' })
  const sbom = JSON.parse(readFileSync(path, 'utf8'))
  sbom.components = [...(sbom.components ?? []), ...LINKED.map(component)]
  writeFileSync(values.out, `${JSON.stringify(sbom, null, 2)}\n`)
  console.log(`${values.out}: ${sbom.components.length} components`)
} finally {
  rmSync(work, { recursive: true })
}

function component(library: (typeof LINKED)[number]) {
  const name = packageOf(library)
  const version = versionOf(name)
  return {
    type: 'library',
    'bom-ref': `linked:${library.name}`,
    name: library.name,
    ...(version && { version, purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}` }),
    scope: 'required',
    licenses: [{ expression: library.license }],
    properties: [{ name: 'falc:linked-into', value: 'falc-probe' }],
  }
}
