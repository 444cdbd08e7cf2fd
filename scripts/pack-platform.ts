/**
 * Makes the npm package of this platform's native parts: `pack-platform.ts [--out FOLDER]`, after `pnpm build:native`. The
 * package is put together in a folder of its own, so that no checkout ever runs binaries that are left over from packing.
 * Prints the tarball's path.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const BINARIES = ['falc-probe', 'falc.node']
const root = resolve(import.meta.dirname, '..')
const native = join(root, 'packages/sources-syscall')

const { values } = parseArgs({ options: { out: { type: 'string', default: '.' } } })
try {
  console.log(pack(`${process.platform}-${process.arch}`, resolve(values.out)))
} catch (error) {
  console.error(`pack-platform: ${(error as Error).message}`)
  process.exitCode = 1
}

/** @throws {Error} when the platform has no package or its parts are not built */
function pack(platform: string, out: string): string {
  const template = join(native, 'npm', platform)
  if (!existsSync(template)) throw new Error(`there is no package for ${platform} (packages/sources-syscall/npm)`)
  const manifest = JSON.parse(readFileSync(join(template, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(join(native, 'package.json'), 'utf8'))
  if (manifest.version !== version) throw new Error(`${manifest.name} is version ${manifest.version}, not ${version}`)
  const staging = mkdtempSync(join(tmpdir(), 'falc-platform-'))
  try {
    cpSync(template, staging, { recursive: true })
    for (const name of BINARIES) {
      const built = join(native, 'native/.output', name)
      if (!existsSync(built)) throw new Error(`${built} is not built: pnpm build:native`)
      copyFileSync(built, join(staging, name))
      // Debug information of the C code; that of the BPF programs is data to the sidecar and stays.
      execFileSync('strip', ['--strip-debug', join(staging, name)])
    }
    execFileSync(join(staging, 'falc-probe'), ['--version'], { stdio: 'ignore' })
    const npm = ['pack', '--silent', '--pack-destination', out]
    const tarball = execFileSync('npm', npm, { cwd: staging, encoding: 'utf8' }).trim()
    return join(out, tarball)
  } finally {
    rmSync(staging, { recursive: true })
  }
}
