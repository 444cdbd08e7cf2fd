import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { packPackages } from './pack-packages.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

/** Arguments of npm. */
export const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts']

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
