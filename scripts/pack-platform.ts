/**
 * Makes the npm package of a platform's native parts: `pack-platform.ts [--out FOLDER] [--arch x64|arm64]`, after
 * `pnpm build:native`, or after scripts/native.sh ARCH for another architecture than this machine's. The package is put
 * together in a folder of its own, so that no checkout ever runs binaries that are left over from packing. Prints the
 * tarball's path.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { linkedNotices } from './linked.ts'

const BINARIES = ['falc-probe', 'falc-signal', 'falc.node']
const root = resolve(import.meta.dirname, '..')
const native = join(root, 'packages/sources-syscall')

const GNU_NAMES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
/** e_machine of ELF headers. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }

const { values } = parseArgs({
  options: { out: { type: 'string', default: '.' }, arch: { type: 'string', default: process.arch } },
})
try {
  console.log(pack(values.arch, resolve(values.out)))
} catch (error) {
  console.error(`pack-platform: ${(error as Error).message}`)
  process.exitCode = 1
}

/** @throws {Error} when the platform has no package or its parts are not built */
function pack(arch: string, out: string): string {
  const platform = `${process.platform}-${arch}`
  const foreign = arch !== process.arch
  const template = join(native, 'npm', platform)
  if (!existsSync(template)) throw new Error(`there is no package for ${platform} (packages/sources-syscall/npm)`)
  const manifest = JSON.parse(readFileSync(join(template, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(join(native, 'package.json'), 'utf8'))
  if (manifest.version !== version) throw new Error(`${manifest.name} is version ${manifest.version}, not ${version}`)
  const staging = mkdtempSync(join(tmpdir(), 'falc-platform-'))
  try {
    cpSync(template, staging, { recursive: true })
    copyFileSync(join(root, 'LICENSE'), join(staging, 'LICENSE'))
    for (const name of BINARIES) {
      const built = join(native, 'native/.output', foreign ? arch : '', name)
      if (!existsSync(built)) throw new Error(`${built} is not built: sh scripts/native.sh${foreign ? ` ${arch}` : ''}`)
      const machine = readFileSync(built).readUInt16LE(18)
      if (machine !== MACHINES[arch]) throw new Error(`${built} is for another machine (${machine})`)
      copyFileSync(built, join(staging, name))
      // Debug information of the C code; that of the BPF programs is data to the sidecar and stays.
      const strip = foreign ? `${GNU_NAMES[arch]}-linux-gnu-strip` : 'strip'
      execFileSync(strip, ['--strip-all', join(staging, name)])
    }
    if (!foreign) execFileSync(join(staging, 'falc-probe'), ['--version'], { stdio: 'ignore' })
    writeFileSync(
      join(staging, 'NOTICES.txt'),
      linkedNotices(foreign ? join(native, `native/.output/sysroot-${arch}/root`) : '/'),
    )
    const npm = ['pack', '--silent', '--pack-destination', out]
    const tarball = execFileSync('npm', npm, { cwd: staging, encoding: 'utf8' }).trim()
    return join(out, tarball)
  } finally {
    rmSync(staging, { recursive: true })
  }
}
