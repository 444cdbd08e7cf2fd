import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')

/**
 * Packs every package as last built, with the native parts if they are built, and installs them all into an empty project.
 * @param work an empty folder
 * @returns the project's folder in it
 */
export async function installPackages(work: string): Promise<string> {
  for (const name of readdirSync(join(root, 'packages'))) {
    const dir = join(root, 'packages', name)
    if (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).private) continue
    await run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', work], { cwd: dir })
  }
  if (existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node')))
    await run(process.execPath, [join(root, 'scripts/pack-platform.ts'), '--out', work])
  const project = join(work, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private": true}')
  const tarballs = readdirSync(work).filter(name => name.endsWith('.tgz'))
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--omit=optional']
  await run('npm', [...install, ...tarballs.map(name => join(work, name))], { cwd: project })
  return project
}
