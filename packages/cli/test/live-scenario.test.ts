/**
 * Live alerts of our rules for system calls (and of some of Falco's public ones, where present) about acts on the host
 * and in containers: each expected alert once, and no other. An alert belongs to the act in whose directory its process
 * works or, in a container, to the act with the container's name.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { skipped } from '../../../scripts/testing/needs.ts'
import { DEADLINE_MS, until } from '../../../scripts/testing/wait.ts'
import { missing as missingPodman, Podman } from '../../sources-syscall/test/containers/podman.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { type Started, startFalc } from './process.ts'

const noHost = noLive() ?? missingTool()
const noContainers = noHost ?? missingPodman()
const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const PUBLIC = ['falco', 'falco-incubating', 'falco-sandbox']
  .map(name => path(`../shared/corpus/rules/${name}_rules.yaml`))
  .filter(existsSync)
if (noHost === undefined && PUBLIC.length < 3) console.warn("skipped: the public rules' alerts: the files are not here")

/** Why acts on the host cannot run; undefined = they can. @throws {Error} when FALC_REQUIRE asks for live tests */
function missingTool(): string | undefined {
  const tools = ['/bin/busybox', '/usr/bin/python3', '/usr/bin/unshare', '/bin/bash']
  const tool = tools.find(one => !existsSync(one))
  return skipped('live', tool && `live scenarios need ${tool}`)
}

const run = promisify(execFile)
/** The last act: once both engines report it, they have seen all others. */
const LAST = 'last'

interface Step {
  readonly title: string
  readonly name: string
  readonly act: string
  readonly alerts: readonly string[]
  readonly public: readonly string[]
  /** podman's; undefined = on the host. */
  readonly options: readonly string[] | undefined
}

interface Alert {
  readonly rule: string
  readonly output_fields: Readonly<Record<string, unknown>>
}

// Not below /tmp: a program started there raises an alert of its own.
const root = noHost === undefined ? mkdtempSync('/var/lib/falc-scenario-') : tmpdir()
const steps = readSteps()

describe.skipIf(noHost !== undefined)('acts on the running machine', () => {
  let started: Started[] = []
  /** By our rules, and by the public ones. */
  const alerts: Alert[][] = []
  let podman: Podman | undefined

  beforeAll(async () => {
    if (noContainers === undefined) podman = await Podman.start()
    const rules = [[path('rules/syscall.yaml')], ...(PUBLIC.length === 3 ? [PUBLIC] : [])]
    started = rules.map(files => startFalc(['run', '-c', configuration(files, podman)], root))
    await Promise.all(started.map(falc => falc.sees('Opening event source')))
    for (const step of steps)
      await perform(step, podman).catch(error => {
        throw new Error(`${step.title}: ${error.message}`)
      })
    mkdirSync(join(root, LAST))
    await run('sh', ['-c', 'cat /etc/shadow'], { cwd: join(root, LAST) })
    await Promise.all(started.map(falc => Promise.race([falc.sees(`${root}/${LAST}`), deadline()])))
    // Those of containers wait for descriptions, and a stop would cut that short. The comparisons show which are missing.
    await until('all alerts', () => started.every(({ output }, i) => hasAll(parseAlerts(output.stdout), i > 0))).catch(
      () => {},
    )
    for (const falc of started) {
      falc.child.kill('SIGINT')
      await falc.exit
      alerts.push(parseAlerts(falc.output.stdout))
    }
  })

  afterAll(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true })
    // Not earlier: the engine does not know the name and image of a removed container.
    const names = steps.filter(({ options }) => options !== undefined).map(({ name }) => name)
    await podman?.do('rm', '-f', '-i', '-t', '0', ...names)
    await podman?.stop()
  })

  for (const step of steps) {
    test.skipIf(step.options !== undefined && noContainers !== undefined)(step.title, () => {
      const repository = podman?.image.slice(0, -3)
      const own = alerts[0]!.filter(alert => belongs(alert, step))
      expect(own.map(alert => picked(alert, step))).toEqual(step.alerts)
      const other = alerts[1]?.filter(alert => belongs(alert, step)) ?? []
      if (alerts[1] !== undefined)
        for (const rule of step.public) expect(other.filter(alert => alert.rule === rule)).toHaveLength(1)
      if (step.options !== undefined)
        for (const alert of [...own, ...other])
          expect(alert.output_fields).toMatchObject({
            'container.name': step.name,
            'container.image.repository': repository,
          })
    })
  }

  test('no event was lost, except those of processes that flooded a ring', () => {
    for (const { output } of started) expect(output.stderr).not.toMatch(/syscall: drop(?!Flood)/)
  })
})

function readSteps(): Step[] {
  const [host, containers] = readCases(new URL('cases/scenario/', import.meta.url))
  return [...host!.cases, ...containers!.cases].map(({ title, sections }, i) => {
    const name = `${basename(root)}-${i}`
    const text = (section: string) =>
      (sections.get(section) ?? '').replaceAll('$D', join(root, name)).replaceAll('$N', name)
    const lines = (section: string) => text(section).split('\n').filter(Boolean)
    return {
      title,
      name,
      // Not replaced here: the script gets the variables from its environment.
      act: sections.get('act')!,
      alerts: lines('alerts'),
      public: lines('public'),
      options: sections.has('options') ? text('options').split(/\s+/).filter(Boolean) : undefined,
    }
  })
}

function configuration(rules: readonly string[], podman: Podman | undefined): string {
  const file = join(root, `${basename(rules[0]!)}.config`)
  const sockets = podman === undefined ? [] : [podman.socket]
  writeFileSync(
    file,
    JSON.stringify({
      rules_files: rules,
      json_output: true,
      stdout_output: { enabled: true },
      buffered_outputs: false,
      // Room for the events of other processes on a busy machine.
      engine: { modern_ebpf: { buf_size_preset: 6 } },
      append_output: [
        { extra_fields: ['proc.cwd', 'proc.cmdline', 'proc.exepath', 'container.name', 'container.image.repository'] },
        { extra_fields: ['user.name', 'group.name'] },
      ],
      plugins: [{ name: 'container', init_config: { hold_ms: 60_000, engines: { podman: { sockets } } } }],
    }),
  )
  return file
}

/** Runs an act in the host's control groups, since those of a session may look like a container's. */
const ON_HOST = `
while IFS=: read -r _ controllers path; do
  [ "$path" = / ] || echo $$ >"/sys/fs/cgroup/\${controllers#name=}/cgroup.procs" || :
done </proc/self/cgroup 2>/dev/null
exec sh act`

async function perform(step: Step, podman: Podman | undefined): Promise<void> {
  const dir = join(root, step.name)
  mkdirSync(dir)
  writeFileSync(join(dir, 'act'), step.act)
  const variables = { D: dir, N: step.name }
  if (step.options === undefined)
    await run('sh', ['-c', ON_HOST], { cwd: dir, env: { PATH: process.env.PATH, ...variables } })
  else if (podman !== undefined)
    await podman.do(
      ...['run', '--network', 'none', '--name', step.name, '-e', `N=${step.name}`, '-v', `${dir}/act:/act:ro`],
      ...[...step.options, podman.image, 'sh', '/act'],
    )
}

function deadline(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, DEADLINE_MS).unref())
}

/** Whether there are as many alerts as the steps expect, of our rules or the public ones. */
function hasAll(alerts: readonly Alert[], ofPublic: boolean): boolean {
  return steps.every(step => {
    if (step.options !== undefined && noContainers !== undefined) return true
    const own = alerts.filter(alert => belongs(alert, step))
    if (!ofPublic) return own.length >= step.alerts.length
    return step.public.every(rule => own.some(alert => alert.rule === rule))
  })
}

function parseAlerts(output: string): Alert[] {
  return output
    .split('\n')
    .slice(0, -1)
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
}

function belongs({ output_fields: fields }: Alert, { name, options }: Step): boolean {
  if (options !== undefined) return fields['container.name'] === name
  return `${fields['proc.cwd']}/`.startsWith(`${join(root, name)}/`)
}

/** Formats an alert like the step's expectation of it, with the fields that this names. */
function picked({ rule, output_fields: fields }: Alert, step: Step): string {
  const expected = step.alerts.filter(line => line.startsWith(`${rule} |`))
  const names = expected[0]?.split(' | ').slice(1) ?? []
  const pairs = names.map(pair => pair.split(' = ')[0]!).map(name => ` | ${name} = ${fields[name]}`)
  return rule + (pairs.length > 0 ? pairs.join('') : ` | proc.cmdline = ${fields['proc.cmdline']}`)
}
