import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The licences of the packages that bundled modules come from.
 * @throws {Error} for a package without a licence's text: it may not be bundled
 */
export function notices(modules: readonly string[]): string {
  const folders = new Set(modules.flatMap(file => foreignPackage(file) ?? []))
  return [...folders].map(notice).sort().join('\n')
}

/** The folder of the package that a module belongs to, not that of a build inside it; undefined for falc's own. */
function foreignPackage(file: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]
}

function manifestOf(folder: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function notice(folder: string): string {
  const { name, version, license } = manifestOf(folder)
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)(\.|$)/i.test(file))
  if (license === undefined || files.length === 0) throw new Error(`${name} has no licence file`)
  const texts = files.sort().map(file => readFileSync(join(folder, file), 'utf8').trim())
  return `${'='.repeat(78)}\n${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}
