/** The image under podman, run as the DaemonSet of deploy/kubernetes specifies its containers. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { skipped } from '../testing/needs.ts'
import { until } from '../testing/wait.ts'
import { ARCHITECTURES, architecture, NATIVE } from './files.ts'

const root = resolve(import.meta.dirname, '../..')
const reason = skipped('live', whyNot())

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'running the image needs root'
  if (!existsSync(join(root, NATIVE, 'falc.node'))) return 'the native parts are not built'
  if (!existsSync(join(root, 'packages/cli/bundle/main.cjs'))) return 'the command is not built'
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'this kernel has no BTF'
  const without = ['podman', 'runc'].find(name => spawnSync(name, ['--version']).status !== 0)
  return without === undefined ? undefined : `running the image needs ${without}`
}

/** This machine's architecture, and the other one if its native parts were built: sh scripts/native.sh arm64, or x64. */
const ARCHS = [process.arch, ...(reason === undefined ? ['x64', 'arm64'].filter(isOther) : [])]

function isOther(arch: string): boolean {
  return arch !== process.arch && existsSync(join(root, NATIVE, arch, 'falc.node'))
}

const sensor = readFileSync(join(root, 'deploy/kubernetes/parts/sensor/objects.yaml'), 'utf8')
const objects: any[] = parseAllDocuments(sensor).map(document => document.toJS())
const ofKind = (kind: string) => objects.find(object => object.kind === kind)
const { spec: pod } = ofKind('DaemonSet').spec.template
const containerOf = (name: string) => pod.containers.find((container: any) => container.name === name)

/** podman's flags for each line of a securityContext. */
const FLAGS: Readonly<Record<string, (value: any, all: any) => string[]>> = {
  runAsUser: (user, { runAsGroup }) => ['--user', `${user}:${runAsGroup}`],
  runAsGroup: () => [],
  // The kubelet enforces this, by the number of the user.
  runAsNonRoot: (_, { runAsUser }) => {
    expect(runAsUser).toBeGreaterThan(0)
    return []
  },
  readOnlyRootFilesystem: on => [`--read-only=${on}`, '--read-only-tmpfs=false'],
  allowPrivilegeEscalation: on => (on ? [] : ['--security-opt', 'no-new-privileges']),
  capabilities: ({ drop, add = [] }: { drop: string[]; add?: string[] }) => [
    ...drop.flatMap(name => ['--cap-drop', name]),
    ...add.flatMap(name => ['--cap-add', name]),
  ],
}

const MARK = `- rule: mark
  desc: d
  condition: evt.type in (execve, execveat) and proc.name = true and proc.args = "mark"
  output: "%evt.type"
  priority: CRITICAL
`

describe.skipIf(reason !== undefined)('the image', () => {
  const work = mkdtempSync(join(tmpdir(), 'falc-image-'))
  const name = `falc-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  const image = `localhost/${name}:v1`
  const podman = (...args: string[]) => execFileSync('podman', args, { encoding: 'utf8', stdio: 'pipe' }).trim()

  /** Where a volume of the pod is on this machine. */
  function sourceOf(volume: string): string {
    const { hostPath } = pod.volumes.find((one: any) => one.name === volume)
    return hostPath?.path ?? join(work, volume)
  }

  function start(which: string): void {
    const { securityContext, volumeMounts, env, command, args = [] } = containerOf(which)
    const flags = Object.entries(securityContext).flatMap(([key, value]) => FLAGS[key]!(value, securityContext))
    const mounts = volumeMounts.flatMap((mount: any) => [
      ...['-v', `${sourceOf(mount.name)}:${mount.mountPath}${mount.readOnly ? ':ro' : ''}`],
    ])
    const variables = env.flatMap((one: any) => ['--env', `${one.name}=${one.value ?? 'node-1'}`])
    const entry = command ? ['--entrypoint', command[0]] : []
    const runtime = ['--runtime', 'runc', '--network', 'none', '--pull', 'never', '--name', `${name}-${which}`]
    podman(
      'run',
      '-d',
      ...runtime,
      ...flags,
      ...mounts,
      ...variables,
      ...entry,
      image,
      ...(command ?? []).slice(1),
      ...args,
    )
  }

  const logs = (which: string) => {
    const { stdout, stderr } = spawnSync('podman', ['logs', `${name}-${which}`], { encoding: 'utf8' })
    return stdout + stderr
  }
  const status = (which: string) =>
    readFileSync(`/proc/${podman('inspect', '--format', '{{.State.Pid}}', `${name}-${which}`)}/status`, 'utf8')

  beforeAll(() => {
    const archs = ARCHS.flatMap(arch => ['--arch', arch])
    const script = ['--conditions=@falc/source', join(root, 'scripts/pack-image.ts'), '--tag', image, ...archs]
    execFileSync(process.execPath, script, { stdio: 'pipe' })
    // An emptyDir is writable for all users.
    for (const folder of ['socket', 'tmp']) {
      mkdirSync(join(work, folder))
      execFileSync('chmod', ['777', join(work, folder)])
    }
    for (const folder of ['main', 'config', 'rules']) mkdirSync(join(work, folder))
    writeFileSync(join(work, 'main/falco.yaml'), ofKind('ConfigMap').data['falco.yaml'])
    writeFileSync(join(work, 'rules/mark.yaml'), MARK)
    execFileSync('chmod', ['755', work])
  })
  afterAll(() => {
    for (const which of ['engine', 'probe'])
      spawnSync('podman', ['rm', '-f', '-t', '0', '--ignore', `${name}-${which}`])
    spawnSync('podman', ['manifest', 'rm', image])
    spawnSync('podman', ['rmi', '-f', ...ARCHS.map(arch => `${image}-${arch}`)])
    rmSync(work, { recursive: true, force: true })
  })

  test('probe and engine see what happens on the host', async () => {
    start('probe')
    await until('socket', () => existsSync(join(work, 'socket/probe.sock')))
    start('engine')
    try {
      await until('alert', () => {
        execFileSync('/bin/true', ['mark'])
        return /"rule":"mark"/.test(logs('engine'))
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${logs('probe').slice(-2000)}\n${logs('engine').slice(-2000)}`)
    }
    expect(logs('engine')).toContain('"hostname":"node-1"')
  })

  test('the engine has no capabilities, the probe only those that it needs', () => {
    const of = (which: string, key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status(which))![1]
    expect(of('engine', 'Uid')).toBe('65532')
    expect(['CapPrm', 'CapEff', 'CapBnd'].map(set => of('engine', set))).toEqual(Array(3).fill('0000000000000000'))
    // BPF 39, PERFMON 38, SYS_PTRACE 19, DAC_READ_SEARCH 2.
    expect(of('probe', 'CapBnd')).toBe('000000c000080004')
    expect([of('engine', 'NoNewPrivs'), of('probe', 'NoNewPrivs')]).toEqual(['1', '1'])
  })

  test('the manifest lists an image for each architecture, of at most 120 MB unpacked', () => {
    const { manifests } = JSON.parse(podman('manifest', 'inspect', image))
    const names = ARCHS.map(arch => ARCHITECTURES[architecture(arch)].debian)
    expect(manifests.map(({ platform }: any) => platform)).toEqual(
      names.map(architecture => ({ architecture, os: 'linux' })),
    )
    const sizes = ARCHS.map(arch => Number(podman('image', 'inspect', '--format', '{{.Size}}', `${image}-${arch}`)))
    expect(sizes.filter(size => size > 120_000_000)).toEqual([])
  })

  test.skipIf(ARCHS.length === 1)(
    'the image for another architecture, run by qemu, raises the same alerts for a capture',
    () => {
      const other = `${image}-${ARCHS[1]}`
      const folder = podman('image', 'mount', other)
      try {
        const qemu = `qemu-${ARCHITECTURES[architecture(ARCHS[1]!)].fedora}-static`
        const capture = [
          'run',
          '-r',
          join(root, 'rules/syscall.yaml'),
          '-e',
          join(root, 'examples/captures/host-a.scap'),
        ]
        const { Entrypoint: entry } = JSON.parse(podman('image', 'inspect', '--format', '{{json .Config}}', other))
        const [node, ...flags] = entry.map((word: string) => (word.startsWith('/') ? join(folder, word) : word))
        const env = { ...process.env, FALC_ADDON: join(folder, 'usr/lib/falc/falc.node') }
        const run = (program: string, args: string[]) =>
          execFileSync(program, args, { encoding: 'utf8', env, stdio: 'pipe' })
        const found = run(qemu, ['-L', folder, node, ...flags, ...capture])
        expect(found).toBe(run(process.execPath, [join(root, 'packages/cli/bundle/main.cjs'), ...capture]))
        expect(found.split('\n').length).toBeGreaterThan(10)
        expect(run(qemu, [join(folder, 'usr/lib/falc/falc-probe'), '--version'])).toMatch(/^falc-probe, wire version/)
      } finally {
        podman('image', 'unmount', other)
      }
    },
  )

  test('the image has no shell, and has labels', () => {
    expect(spawnSync('podman', ['run', '--rm', '--pull', 'never', '--entrypoint', '/bin/sh', image]).status).not.toBe(0)
    const labels = JSON.parse(podman('image', 'inspect', '--format', '{{json .Labels}}', image))
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'falc',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    })
  })
})
