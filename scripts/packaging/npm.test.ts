/** Installs the packages with npm, pnpm and yarn, from a registry with only them and their dependencies. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packPackages } from '../pack-packages.ts'
import { type Registry, startRegistry } from './registry.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const native = existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node'))
const capture = join(root, 'examples/captures/host-a.scap')

describe('packages', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-npm-'))
  let tarballs: string[]
  let registry: Registry

  beforeAll(async () => {
    packPackages(work)
    if (native) execFileSync(process.execPath, [join(root, 'scripts/pack-platform.ts'), '--out', work])
    tarballs = readdirSync(work).map(name => join(work, name))
    // yarn 1 also asks for parts of other platforms.
    registry = await startRegistry(tarballs, globSync(join(root, 'packages/sources-syscall/npm/*')))
  })
  afterAll(() => {
    registry?.stop()
    rmSync(work, { recursive: true, force: true })
  })

  /** @returns where the command is */
  type Install = (
    folder: string,
    node: (program: string, ...args: readonly string[]) => Promise<unknown>,
  ) => Promise<string>

  const ways: Readonly<Record<string, Install>> = {
    npm: async folder => {
      await run(
        'npm',
        ['install', '--global', '--no-audit', '--no-fund', '--prefix', folder, '@falc/cli'],
        environment(folder),
      )
      return join(folder, 'bin/falc')
    },
    pnpm: async (folder, node) => {
      await node(
        'scripts/pnpm/node_modules/pnpm/bin/pnpm.mjs',
        'add',
        '--global',
        `--registry=${registry.address}`,
        '@falc/cli',
      )
      return join(folder, 'bin/falc')
    },
    'yarn 1': async (folder, node) => {
      await node(
        'node_modules/yarn-1/bin/yarn.js',
        'global',
        'add',
        '@falc/cli',
        '--prefix',
        folder,
        '--non-interactive',
      )
      return join(folder, 'bin/falc')
    },
    'yarn 4': async (folder, node) => {
      writeFileSync(join(folder, 'package.json'), '{"name": "own"}')
      writeFileSync(join(folder, 'yarn.lock'), '')
      const program = 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'
      await node(program, 'add', '@falc/cli')
      const falc = join(folder, 'falc')
      writeFileSync(
        falc,
        `#!/bin/sh\ncd '${folder}'\nexec '${process.execPath}' '${join(root, program)}' falc "$@"\n`,
        { mode: 0o755 },
      )
      return falc
    },
  }

  /** The environment of a new user, in which requests to hosts other than the registry fail. */
  function environment(folder: string) {
    const { address } = registry
    return {
      cwd: folder,
      env: {
        ...{
          PATH: `${join(process.execPath, '..')}:${folder}/bin:/usr/bin:/bin`,
          HOME: folder,
          TZ: 'UTC',
          FALCO_HOSTNAME: 'testhost',
        },
        ...{
          npm_config_registry: address,
          npm_config_cache: join(folder, '.cache'),
          npm_config_update_notifier: 'false',
        },
        ...{
          YARN_REGISTRY: address,
          YARN_CACHE_FOLDER: join(folder, '.yarn'),
          YARN_GLOBAL_FOLDER: join(folder, '.yarn-global'),
        },
        ...{ YARN_NPM_REGISTRY_SERVER: address, YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1', YARN_ENABLE_TELEMETRY: '0' },
        ...{
          PNPM_HOME: folder,
          XDG_DATA_HOME: join(folder, '.data'),
          XDG_CACHE_HOME: join(folder, '.cache'),
        },
        ...{
          HTTPS_PROXY: 'http://127.0.0.1:1',
          HTTP_PROXY: 'http://127.0.0.1:1',
          NO_PROXY: '127.0.0.1',
          no_proxy: '127.0.0.1',
        },
      },
    }
  }

  test.each(Object.entries(ways))('%s installs the command into an empty folder', async (name, install) => {
    const folder = join(work, name.replace(' ', '-'))
    mkdirSync(join(folder, 'bin'), { recursive: true })
    const options = environment(folder)
    const falc = await install(folder, (program, ...args) =>
      run(process.execPath, [join(root, program), ...args], options),
    )
    const { stdout } = await run(falc, ['run', '-r', join(root, 'rules/syscall.yaml'), '-e', capture], options)
    expect(stdout).toMatch(/Warning .*\/etc\/shadow/)
    if (native) {
      const { stdout: report } = await run(falc, ['doctor', '--json'], options).catch(error => error)
      const addon = JSON.parse(report).findings.find((finding: { name: string }) => finding.name === 'addon')
      expect(addon.detail).toMatch(/probe-linux-/)
      expect(addon.detail).not.toContain(root)
    }
  })

  test('name only packages that the registry has', () => {
    expect([...registry.unknown]).toEqual([])
  })

  test('each have a licence and a README whose relative links lead to files of the package', () => {
    for (const tarball of tarballs) {
      const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
      expect(files, tarball).toEqual(expect.arrayContaining(['package/LICENSE', 'package/README.md']))
      const readme = execFileSync('tar', ['-xzOf', tarball, 'package/README.md'], { encoding: 'utf8' })
      const links = [...readme.matchAll(/\]\((?!https:|#)([^)#\s]+)/g)].map(match => join('package', match[1]!))
      expect(
        links.filter(link => !files.includes(link)),
        tarball,
      ).toEqual([])
    }
  })
})
