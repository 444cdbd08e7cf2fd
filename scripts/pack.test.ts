/** What a user gets: every package as it was built last is packed, installed into an empty project, and works from there. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installPackages } from './install-packages.ts'
import { skipped } from './testing/needs.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const native = existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node'))
const canCapture = native && process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux')
skipped(
  'live',
  canCapture ? undefined : 'live detection from packages needs root, BTF and built native parts (pnpm build:native)',
)

const RULES = `- rule: shadow
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name = cat
  output: "%proc.cmdline read %fd.name"
  priority: WARNING
`

describe('packages installed into an empty project', { timeout: 300_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-install-'))
  const project = join(work, 'project')
  afterAll(() => rmSync(work, { recursive: true }))

  /** The installed program. The pinned Node, as the machine's may be too old. */
  const falc = (...args: string[]) =>
    run(process.execPath, ['node_modules/@falc/cli/dist/main.js', ...args], {
      cwd: project,
      env: { PATH: process.env.PATH, TZ: 'UTC', FALCO_HOSTNAME: 'testhost' },
    })

  beforeAll(async () => {
    await installPackages(work)
    writeFileSync(join(project, 'rules.yaml'), RULES)
  }, 300_000)

  test('nothing refers to the checkout', () => {
    const manifests = readdirSync(join(project, 'node_modules/@falc')).map(name =>
      readFileSync(join(project, 'node_modules/@falc', name, 'package.json'), 'utf8'),
    )
    expect(manifests.length).toBeGreaterThanOrEqual(5)
    for (const manifest of manifests) {
      const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest)
      expect(JSON.stringify([dependencies, optionalDependencies])).not.toMatch(/workspace:|link:|file:/)
    }
  })

  test('a capture is replayed', async () => {
    const { stdout } = await falc('run', '-r', 'rules.yaml', '-e', join(root, 'examples/captures/host-a.scap'))
    expect(stdout).toBe(
      '14:12:34.638674831: Warning cat /etc/shadow read /etc/shadow\n' +
        '14:12:34.692206097: Warning cat /etc/../etc/shadow read /etc/shadow\n',
    )
  })

  test('the engine can be imported', async () => {
    const text = `import { Engine } from '@falc/engine'; import { syscall } from '@falc/sources-syscall'; console.log(new Engine({ sources: [syscall()] }).load([]).ok)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: project })
    expect(stdout).toBe('true\n')
  })

  test.skipIf(!canCapture)('the machine is watched live', async () => {
    const doctor = JSON.parse((await falc('doctor', '--json')).stdout)
    expect(doctor.live).toBe(true)
    const sidecar = doctor.findings.find(({ name }: { name: string }) => name === 'sidecar')
    expect(sidecar.detail).toContain(join(project, 'node_modules/@falc/probe-'))
    const acts = setInterval(() => execFileSync('cat', ['/etc/shadow']), 500)
    const { stdout } = await falc('run', '-r', 'rules.yaml', '-M', '4')
    clearInterval(acts)
    expect(stdout).toMatch(/: Warning cat \/etc\/shadow read \/etc\/shadow\n/)
  })
})
