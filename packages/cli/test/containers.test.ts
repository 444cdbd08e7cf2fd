/**
 * Containers of real engines that exit at once and are removed, watched live: each act raises its alert once, with the
 * engine's description of the container. No rule matches because the description is not there yet.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { Containerd, missing as noContainerd } from '../../sources-syscall/test/containers/containerd.ts'
import { Docker, missing as noDocker } from '../../sources-syscall/test/containers/docker.ts'
import { missing as noPodman, Podman } from '../../sources-syscall/test/containers/podman.ts'
import { missing as noLive } from '../../sources-syscall/test/live/machine.ts'
import { type Started, startFalc } from './process.ts'

const live = noLive()
const ROUNDS = 20
/** Milliseconds that an alert waits for its container's description: as long as that may take on a busy machine. */
const HOLD = 60_000
/** No other test's container opens this file. It does not exist: an attempt to open it is enough. */
const FILE = `/etc/falc-act-${process.pid}`
const PREFIX = `act-${process.pid}`
const ACT = ['cat', FILE]
/** In ctr's syntax. */
const MOUNT = 'type=bind,src=/usr,dst=/host/usr,options=rbind:ro'

/** Runs containers in an engine. */
interface Runner {
  /** Its protocol, as the plugin's configuration names it. */
  readonly engine: 'podman' | 'docker' | 'cri'
  readonly socket: string
  readonly image: string
  /** What the alert says besides name and image. */
  readonly says: string
  /** Privileges and mounts in the alert; undefined where the container may be removed before the engine is queried. */
  readonly may?: string
  /** Runs the act in a container of that name and resolves once the container is removed. */
  run(name: string): Promise<unknown>
  stop(): Promise<void>
}

const RUNNERS: Readonly<Record<string, { readonly missing: () => string | undefined; start(): Promise<Runner> }>> = {
  podman: {
    missing: noPodman,
    async start() {
      const podman = await Podman.start()
      const options = ['--rm', '--network', 'none', '--label', 'tier=front']
      return {
        engine: 'podman',
        socket: podman.socket,
        image: podman.image,
        says: 'podman tier=front pod=<NA>/<NA> <NA> app=<NA>',
        // It fails, since there is no such file.
        run: name => podman.do('run', ...options, '--name', name, podman.image, ...ACT).catch(() => {}),
        stop: () => podman.stop(),
      }
    },
  },
  docker: {
    missing: noDocker,
    async start() {
      const docker = await Docker.start()
      const options = { Cmd: ACT, Labels: { tier: 'front' }, HostConfig: { AutoRemove: true } }
      return {
        engine: 'docker',
        socket: docker.socket,
        image: docker.image,
        says: 'docker tier=front pod=<NA>/<NA> <NA> app=<NA>',
        run: name => docker.run(name, options),
        stop: () => docker.stop(),
      }
    },
  },
  'containerd through CRI': {
    missing: noContainerd,
    async start() {
      const containerd = await Containerd.start()
      const pod = await containerd.runPod('web-1', 'shop', { app: 'web' })
      return {
        engine: 'cri',
        socket: containerd.socket,
        image: containerd.image,
        says: 'containerd tier=front pod=shop/web-1 uid-of-web-1 app=web',
        may: 'privileged=true mount=/usr',
        run: async name => {
          const id = await containerd.create(pod, name, {
            args: ACT,
            labels: { tier: 'front' },
            mount: ['/usr', '/host/usr'],
            privileged: true,
          })
          await containerd.runToEnd(id)
        },
        stop: () => containerd.stop(),
      }
    },
  },
  'containerd through ctr': {
    missing: noContainerd,
    async start() {
      const containerd = await Containerd.start()
      const options = ['--rm', '--snapshotter', 'native', '--label', 'tier=front', '--privileged', '--mount', MOUNT]
      return {
        engine: 'cri',
        socket: containerd.socket,
        image: containerd.image,
        says: 'containerd tier=front pod=<NA>/<NA> <NA> app=<NA>',
        may: 'privileged=true mount=/usr',
        run: name => containerd.ctr('-n', 'default', 'run', ...options, containerd.image, name, ...ACT).catch(() => {}),
        stop: () => containerd.stop(),
      }
    },
  },
}

const rules = (image: string) => `
- macro: act
  condition: (evt.type in (open, openat) and fd.name = ${FILE} and proc.name in (cat, busybox) and container.id != host)
- rule: known image
  desc: d
  condition: act and container.image.repository = ${image.slice(0, image.lastIndexOf(':'))}
  output: "%container.name of %container.image, %container.type tier=%container.label[tier] pod=%k8s.ns.name/%k8s.pod.name %k8s.pod.uid app=%k8s.pod.label[app]; privileged=%container.privileged mount=%container.mount.source[/host/usr]"
  priority: NOTICE
- rule: other image
  desc: d
  condition: act and not container.image.repository = ${image.slice(0, image.lastIndexOf(':'))}
  output: "%container.name of %container.image, though it is another"
  priority: NOTICE
`

/** Only this engine is queried. */
function plugin({ engine, socket }: Runner) {
  const engines = Object.fromEntries(
    ['podman', 'docker', 'cri'].map(name => [name, { sockets: name === engine ? [socket] : [] }]),
  )
  return { name: 'container', init_config: { hold_ms: HOLD, engines } }
}

async function watch(runner: Runner): Promise<Started> {
  const path = join(tmpdir(), `falc-containers-${process.pid}.yaml`)
  writeFileSync(path, rules(runner.image))
  const falc = startFalc(['run', '-r', path, '-o', `plugins[0]=${JSON.stringify(plugin(runner))}`], tmpdir())
  await falc.sees('Opening event source')
  return falc
}

describe.skipIf((live ?? noPodman()) !== undefined)('a recording of one container', () => {
  let runner: Runner
  beforeAll(async () => {
    runner = await RUNNERS.podman!.start()
  })
  afterAll(() => runner.stop())

  test('has the act of that container, which exits at once', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'falc-recorded-'))
    const capture = join(dir, 'act.scap')
    const config = join(dir, 'falco.yaml')
    writeFileSync(config, JSON.stringify({ plugins: [plugin(runner)] }))
    const falc = startFalc(['record', '-c', config, '-w', capture, '--filter', `container.name = ${PREFIX}-one`], dir)
    await until('the recording', () => existsSync(capture))
    for (const name of [`${PREFIX}-other`, `${PREFIX}-one`]) await runner.run(name)
    const isRecorded = async () => {
      const printed = startFalc(['print', '-e', capture, '-p', '%evt.type %proc.name %fd.name %container.name'], dir)
      await printed.exit
      return printed.output.stdout.split('\n').includes(`openat cat ${FILE} ${PREFIX}-one`)
    }
    // The act may still wait for its container's description, and only further events make the recorder write its buffer.
    await until('the act in the recording', () => {
      for (let n = 0; n < 20; n++) execFileSync('true')
      return isRecorded()
    })
    falc.child.kill('SIGINT')
    expect(await falc.exit).toBe(0)
    expect(await isRecorded()).toBe(true)
    rmSync(dir, { recursive: true })
  })
})

for (const [title, { missing, start }] of Object.entries(RUNNERS)) {
  const reason = live ?? missing()
  describe.skipIf(reason !== undefined)(title, () => {
    let runner: Runner
    beforeAll(async () => {
      runner = await start()
    })
    afterAll(() => runner.stop())

    test('each container that exits at once raises its alert once', async () => {
      const falc = await watch(runner)
      for (let i = 0; i < ROUNDS; i++) await runner.run(`${PREFIX}-${i}`)
      const alerts = () => falc.output.stdout.split('\n').filter(line => line.includes(' of '))
      // The comparison below shows which are missing.
      await until('an alert of each', () => alerts().length >= ROUNDS).catch(() => {})
      // A duplicate alert would have arrived by then.
      await sleep(500)
      falc.child.kill('SIGINT')
      await falc.exit
      const { image, says, may } = runner
      const said = alerts().map(line => line.replace(/^\S+ Notice /, ''))
      // Each waits for its own container's description, so later ones may be printed earlier.
      expect((may === undefined ? said.map(line => line.split(';')[0]!) : said).sort()).toEqual(
        Array.from(
          { length: ROUNDS },
          (_, i) => `${PREFIX}-${i} of ${image}, ${says}${may === undefined ? '' : `; ${may}`}`,
        ).sort(),
      )
      expect(falc.output.stderr).toContain('announcements connected: 1')
    })
  })
}
