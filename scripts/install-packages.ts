import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { packPackages } from './pack-packages.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

/** Arguments of npm. */
export const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']

/** Why npm cannot install packages here, neither from its registry nor from its cache; undefined when it can. */
export function cannotInstall(): string | undefined {
  const args = ['view', '--prefer-offline', '--fetch-retries=0', '--fetch-timeout=30000', 'typescript', 'name']
  return spawnSync('npm', args).status === 0 ? undefined : "tests of installed packages need npm's registry"
}

/**
 * Packs every package as last built, with the native parts if they are built, and installs them all into an empty project.
 * @param work an empty folder
 * @returns the project's folder in it
 */
export async function installPackages(work: string): Promise<string> {
  packPackages(work)
  if (existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    await run(process.execPath, [join(root, 'scripts/pack-platform.ts'), '--out', work])
  const project = join(work, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private": true}')
  const tarballs = readdirSync(work).filter(name => name.endsWith('.tgz'))
  await run('npm', [...INSTALL, '--omit=optional', ...tarballs.map(name => join(work, name))], { cwd: project })
  return project
}
