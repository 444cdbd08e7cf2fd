/** The AppArmor profile covers all files that the engine opens, as strace shows them. The kernel need not have AppArmor. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { skipped } from '../testing/needs.ts'
import { freePort } from '../testing/port.ts'
import { eventually } from '../testing/wait.ts'
import { architecture, NATIVE } from './files.ts'
import { lacking } from './published.ts'
import { stage } from './stage.ts'

const root = resolve(import.meta.dirname, '../..')
const reason = skipped('peers', whyNot())

function whyNot(): string | undefined {
  if (!existsSync(join(root, NATIVE, 'falc.node'))) return 'the native parts are not built'
  const without = lacking('strace apparmor_parser strip')
  return without === undefined ? undefined : `following what the engine opens needs ${without}`
}

interface Rule {
  readonly path: RegExp
  readonly rights: string
}

/** The file rules of a profile, with its includes and variables expanded. */
function rulesOf(profile: string): Rule[] {
  const text = execFileSync('apparmor_parser', ['-p', join(root, 'deploy/apparmor/falc')], { encoding: 'utf8' })
  const variables = new Map<string, string[]>()
  for (const [, name, values] of text.matchAll(/^\s*@\{(\w+)\}\s*\+?=\s*(.*)$/gm))
    variables.set(name!, [...(variables.get(name!) ?? []), ...values!.split(/\s+/).filter(Boolean)])
  const expanded = (path: string): string[] => {
    const [variable, name] = /@\{(\w+)\}/.exec(path) ?? []
    if (variable === undefined) return [path]
    return (variables.get(name!) ?? ['[0-9]*']).flatMap(value => expanded(path.replace(variable, value)))
  }
  const [, body = ''] = new RegExp(`^profile ${profile} (.*?)(?=^profile |(?![^]))`, 'ms').exec(text) ?? []
  return [...body.matchAll(/^\s*(?:owner\s+)?"?([/@][^\s"]*)"?\s+([rwaklmixupcPUCD]+),/gm)].flatMap(
    ([, path, rights]) => expanded(path!).map(one => ({ path: pattern(one.replace(/\/{2,}/g, '/')), rights: rights! })),
  )
}

const SIGNS: Readonly<Record<string, string>> = {
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
  '{': '(?:',
  '}': ')',
  ',': '|',
}

/** An AppArmor pattern, see apparmor.d(5); in these, commas occur only between alternatives. */
function pattern(glob: string): RegExp {
  const text = glob.replace(
    /\*\*|\[[^\]]*\]|[*?{},.+()|^$\\]/g,
    sign => SIGNS[sign] ?? (sign[0] === '[' ? sign : `\\${sign}`),
  )
  return new RegExp(`^${text}$`)
}

/** Joins calls that strace splits into two lines because another thread's call came between. */
function whole(trace: string): string {
  const begun = new Map<string, string>()
  const lines = trace.split('\n').flatMap(line => {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? []
    const [, start] = /^(.*?) <unfinished \.\.\.>$/.exec(rest ?? '') ?? []
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest ?? '') ?? []
    if (start !== undefined) begun.set(thread!, start)
    return start !== undefined ? [] : end === undefined ? line : `${thread} ${begun.get(thread!)}${end}`
  })
  return lines.join('\n')
}

/** Calls that only look at a name; the profile needs no rule for them. */
const LOOKS = /^(?:access|faccessat2?|l?stat|newfstatat|statx|statfs|readlink|readlinkat|getcwd|chdir)$/
const WRITES = /O_WRONLY|O_RDWR|O_CREAT/

describe.skipIf(reason !== undefined)('the AppArmor profile of the engine', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-apparmor-'))
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  test('covers every file that the engine opened', async () => {
    const own = join(work, 'root')
    stage(own, '0.0.0', architecture(process.arch))
    for (const folder of ['log', 'lib', 'cache']) mkdirSync(join(own, 'var', folder, 'falc'), { recursive: true })
    const [port, audit] = [await freePort(), await freePort()]
    const rule = {
      rule: 'got',
      desc: 'd',
      condition: 'ka.verb = get',
      output: 'o',
      priority: 'NOTICE',
      source: 'k8s_audit',
    }
    writeFileSync(join(own, 'etc/falc/rules.d/got.yaml'), JSON.stringify([rule]))
    const config = {
      rules_files: [join(own, 'usr/share/falc/rules/k8s_audit.yaml'), join(own, 'etc/falc/rules.d')],
      config_files: [join(own, 'etc/falc/config.d')],
      engine: { kind: 'nodriver' },
      plugins: [
        {
          name: 'k8saudit',
          library_path: 'libk8saudit.so',
          open_params: `http://127.0.0.1:${audit}/k8s-audit`,
        },
      ],
      load_plugins: ['k8saudit'],
      webserver: { enabled: true, listen_address: '127.0.0.1', listen_port: port, prometheus_metrics_enabled: true },
      file_output: { enabled: true, keep_alive: true, filename: join(own, 'var/log/falc/alerts.log') },
      program_output: { enabled: true, keep_alive: true, program: 'cat >/dev/null' },
      outputs: [
        { name: 'history', type: 'store', path: join(own, 'var/lib/falc/alerts.db') },
        {
          name: 'queued',
          type: 'file',
          path: join(own, 'var/log/falc/queued.log'),
          queue: { disk: join(own, 'var/lib/falc/queue') },
        },
      ],
    }
    writeFileSync(join(own, 'etc/falc/falco.yaml'), JSON.stringify(config))
    const trace = join(work, 'trace')
    const lib = join(own, 'usr/lib/falc')
    // With -D the tracer is not the parent: signals go to the engine.
    const strace = ['-D', '-f', '-o', trace, '-e', 'trace=%file']
    const engine = [join(lib, 'node'), join(lib, 'bundle/main.cjs'), 'run', '-c', join(own, 'etc/falc/falco.yaml')]
    const env = {
      PATH: '/usr/bin:/bin',
      FALC_ADDON: join(lib, 'falc.node'),
      CACHE_DIRECTORY: join(own, 'var/cache/falc'),
    }
    const child = spawn('strace', [...strace, ...engine], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => (said += text))
    const exit = new Promise(done => child.on('exit', done))
    try {
      await eventually(async () => expect((await fetch(`http://127.0.0.1:${port}/metrics`)).ok, said).toBe(true))
      const event = {
        kind: 'Event',
        auditID: '1',
        stage: 'ResponseComplete',
        stageTimestamp: '2026-05-04T10:20:30.000000Z',
        verb: 'get',
      }
      const body = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [event] })
      const headers = { 'content-type': 'application/json' }
      await eventually(async () =>
        expect(
          (await fetch(`http://127.0.0.1:${audit}/k8s-audit`, { method: 'POST', body, headers })).status,
          said,
        ).toBe(200),
      )
      const written = ['log/falc/alerts.log', 'log/falc/queued.log', 'lib/falc/alerts.db'].map(name =>
        join(own, 'var', name),
      )
      await eventually(() =>
        expect(
          written.filter(path => !existsSync(path) || statSync(path).size === 0),
          said,
        ).toEqual([]),
      )
    } finally {
      child.kill('SIGTERM')
      await exit
    }
    await eventually(() =>
      expect(readFileSync(trace, 'utf8')).toMatch(new RegExp(`^${child.pid} +\\+\\+\\+ exited`, 'm')),
    )

    const rules = rulesOf('falc')
    expect(rules.length).toBeGreaterThan(100)
    const opened = [...whole(readFileSync(trace, 'utf8')).matchAll(/^\d+ +(\w+)\((?:AT_FDCWD, )?"(\/[^"]*)"(.*)$/gm)]
      .filter(([, call, , rest]) => !LOOKS.test(call!) && !/= -1 E/.test(rest!))
      .map(([, call, path, rest]) => {
        const right =
          call === 'execve' ? 'x' : call === 'open' || call === 'openat' ? (WRITES.test(rest!) ? 'w' : 'r') : 'w'
        const place = path!.replace(own, '').replace(/^\/proc\/self\//, `/proc/${child.pid}/`) || '/'
        return { place, right }
      })
    const refused = opened.filter(
      ({ place, right }) =>
        !rules.some(({ path, rights }) => rights.includes(right) && (path.test(place) || path.test(`${place}/`))),
    )
    expect([...new Set(refused.map(({ place, right }) => `${place} ${right}`))].sort()).toEqual([])
    expect(opened.some(({ place }) => place === '/var/lib/falc/alerts.db')).toBe(true)
  })
})
