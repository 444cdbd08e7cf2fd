/** Packs every package of the last build, installs them into an empty project as a user would, and runs them there. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOWEST_NODE } from '../packages/engine/src/node-version.ts'
import { cannotInstall, INSTALL, installPackages } from './install-packages.ts'
import { skipped } from './testing/needs.ts'
import { eventually } from './testing/wait.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const native = existsSync(join(root, 'packages/sources-syscall/native/.output/falc.node'))
const offline = skipped('network', cannotInstall())
const canCapture = native && process.getuid?.() === 0 && existsSync('/sys/kernel/btf/vmlinux')
skipped(
  'live',
  canCapture ? undefined : 'live detection from packages needs root, BTF and built native parts (pnpm build:native)',
)

/** The installed command, unbundled and bundled. */
const MAIN = 'node_modules/@falc/cli/dist/main.js'
const COMMAND = 'node_modules/@falc/cli/bundle/main.cjs'

const RULES = `- rule: shadow
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name = cat
  output: "%proc.cmdline read %fd.name"
  priority: WARNING
`

/** Programs of users: the second needs Node's types, the first does not. */
const PROGRAMS = {
  'embed.ts': `
import { type Alert, alertJson, defineSource, Engine, type FieldDef, RuleTester, type Source } from '@falc/engine'
import { Regex } from '@falc/engine/regex'
import { loadRuleset } from '@falc/engine/runtime'
interface Login { readonly user: string; readonly groups?: readonly string[] }
const logins = defineSource<Login>({
  name: 'logins',
  time: () => new Date(),
  fields: {
    'login.user': { type: 'string', doc: 'd', extract: login => login.user },
    'login.groups': { type: 'string', list: true, doc: 'd', extract: login => login.groups },
  },
})
const engine = new Engine({ sources: [logins], onError: failure => { throw failure.error } })
engine.load([{ name: 'rules.yaml', content: '' }])
const alerts: Alert[] = engine.evaluate(logins, { user: 'ada' })
export const lines: string[] = alerts.map(alert => alertJson(alert))
export async function* all(): AsyncGenerator<string> {
  for await (const alert of engine.run([{ user: 'ada' }])) yield alert.output
}
export const count: number = loadRuleset(engine.save(), { sources: [logins] }).evaluate('logins', {}).length
export const tester = new RuleTester({ files: [], source: logins })
export const field: FieldDef<Login> = { type: 'uint8', doc: 'd', extract: () => 5 }
export const source: Source = logins
export const regex = Regex
// @ts-expect-error: a number is not a login
engine.evaluate(logins, 5)
`,
  'node.ts': `
import { Engine } from '@falc/engine'
import * as outputs from '@falc/outputs'
import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'
import { k8sAudit as pure } from '@falc/sources-k8saudit/source'
import { openCapture, syscall } from '@falc/sources-syscall'
export const engine = new Engine({ sources: [k8sAudit(), syscall()] })
export const used = [outputs, parseAuditEvents, pure, openCapture]
`,
}

/** The oldest that can read the packages' types (NoInfer), the last of each major version, the current one. */
const COMPILERS = ['5.4.5', '5.9.3', '6.0.3', '7.0.2']

describe.skipIf(offline !== undefined)('packages installed into an empty project', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-install-'))
  const project = join(work, 'project')
  afterAll(() => rmSync(work, { recursive: true }))

  /** For the installed program, which the pinned Node runs: the machine's may be too old. */
  const ENV = { PATH: process.env.PATH, TZ: 'UTC', FALCO_HOSTNAME: 'testhost' }
  const falc = (...args: string[]) => run(process.execPath, [MAIN, ...args], { cwd: project, env: ENV })

  beforeAll(async () => {
    await installPackages(work)
    writeFileSync(join(project, 'rules.yaml'), RULES)
  }, 300_000)

  test('no dependency refers to the checkout', () => {
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

  describe('for a TypeScript program', () => {
    const tools = join(work, 'tools')
    beforeAll(async () => {
      mkdirSync(tools)
      writeFileSync(join(tools, 'package.json'), '{"private": true}')
      const compilers = COMPILERS.map(version => `typescript-${version}@npm:typescript@${version}`)
      await run('npm', [...INSTALL, ...compilers], { cwd: tools })
      await run('npm', [...INSTALL, '@types/node@22'], { cwd: project })
      // npm has overwritten it.
      writeFileSync(join(project, 'package.json'), '{"private": true, "type": "module"}')
      for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(project, name), text)
    }, 300_000)

    test.each(
      COMPILERS.flatMap(version => [
        [version, 'nodenext', 'nodenext', ['node'], Object.keys(PROGRAMS)] as const,
        [version, 'esnext', 'bundler', ['node'], Object.keys(PROGRAMS)] as const,
        [version, 'nodenext', 'nodenext', [], ['embed.ts']] as const,
      ]),
    )('TypeScript %s, module %s, resolution %s, types %j', async (version, module, moduleResolution, types, files) => {
      const compilerOptions = {
        ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noEmit: true },
        ...{ target: 'es2022', lib: ['es2022'], module, moduleResolution, types },
      }
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      const compiler = join(tools, 'node_modules', `typescript-${version}`, 'bin/tsc')
      const { stdout } = await run(process.execPath, [compiler, '-p', '.'], { cwd: project }).catch(error => error)
      expect(stdout).toBe('')
    })
  })

  describe('on other versions of Node', () => {
    const tools = join(work, 'nodes')
    const node = (version: string) => join(tools, 'node_modules', version, 'bin/node')
    const [lowest, old] = [LOWEST_NODE, '20.19.0']
    beforeAll(async () => {
      mkdirSync(tools)
      writeFileSync(join(tools, 'package.json'), '{"private": true}')
      const platform = `node-${process.platform}-${process.arch}`
      await run('npm', [...INSTALL, ...[lowest, old].map(v => `node-${v}@npm:${platform}@${v}`)], { cwd: tools })
    }, 300_000)

    test(`${lowest}, the lowest supported one: the command and the libraries work`, async () => {
      const args = ['run', '-r', 'rules.yaml', '-e', join(root, 'examples/captures/host-a.scap')]
      const env = { TZ: 'UTC', FALCO_HOSTNAME: 'testhost' }
      const { stdout } = await run(node(`node-${lowest}`), [COMMAND, ...args], { cwd: project, env })
      expect(stdout).toMatch(/^14:12:34.638674831: Warning cat /)
      const text = `
        import { Engine } from '@falc/engine'
        import { k8sAudit, parseAuditEvents } from '@falc/sources-k8saudit'
        const audit = k8sAudit()
        const engine = new Engine({ sources: [audit] })
        const rule = { rule: 'r', desc: 'd', priority: 'INFO', source: 'k8s_audit', output: '%jevt.value[/n]' }
        const condition = "jevt.value[/a] = '{\\"b\\":1}'"
        engine.load([{ name: 'r.yaml', content: JSON.stringify([{ ...rule, condition }]) }])
        const [event] = parseAuditEvents('{"auditID":"1","a":{"b":1},"n":12345678901234567890}')
        console.log(engine.evaluate(audit, event).map(alert => alert.message))`
      const embedded = await run(node(`node-${lowest}`), ['--input-type=module', '-e', text], { cwd: project })
      expect(embedded.stdout).toBe("[ '12345678901234567890' ]\n")
    })

    test(`${old} is refused at import by every package, in one line`, async () => {
      const line = `falc needs Node.js ${lowest} or newer; this is ${old}`
      for (const name of [
        'engine',
        'engine/runtime',
        'outputs',
        'sources-k8saudit',
        'sources-k8saudit/source',
        'sources-syscall',
      ]) {
        const args = [
          '--input-type=module',
          '-e',
          `await import('@falc/${name}').catch(error => console.log(error.message))`,
        ]
        expect((await run(node(`node-${old}`), args, { cwd: project })).stdout, name).toBe(`${line}\n`)
      }
      const failure = await run(node(`node-${old}`), [COMMAND, 'run', '--help'], { cwd: project }).catch(error => error)
      expect([failure.code, failure.stdout, failure.stderr]).toEqual([1, '', `${line}\n`])
    })
  })

  test('the engine can be imported', async () => {
    const text = `import { Engine } from '@falc/engine'; import { syscall } from '@falc/sources-syscall'; console.log(new Engine({ sources: [syscall()] }).load([]).ok)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: project })
    expect(stdout).toBe('true\n')
  })

  test.skipIf(!canCapture)('the installed command detects events live', async () => {
    const doctor = JSON.parse((await falc('doctor', '--json')).stdout)
    expect(doctor.live).toBe(true)
    const sidecar = doctor.findings.find(({ name }: { name: string }) => name === 'sidecar')
    expect(sidecar.detail).toContain(join(project, 'node_modules/@falc/probe-'))
    const child = spawn(process.execPath, [MAIN, 'run', '-r', 'rules.yaml'], { cwd: project, env: ENV })
    const ended = once(child, 'exit')
    let said = ''
    let alerts = ''
    child.stderr.setEncoding('utf8').on('data', text => (said += text))
    child.stdout.setEncoding('utf8').on('data', text => (alerts += text))
    try {
      await eventually(() => {
        execFileSync('cat', ['/etc/shadow'])
        expect(alerts, said).toMatch(/: Warning cat \/etc\/shadow read \/etc\/shadow\n/)
      })
    } finally {
      child.kill('SIGINT')
    }
    expect(await ended, said).toEqual([0, null])
  })
})
