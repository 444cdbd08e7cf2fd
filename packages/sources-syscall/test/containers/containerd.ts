import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually, patient, until } from '../../../../scripts/testing/wait.ts'
import { GrpcClient } from '../../src/containers/grpc.ts'
import type { Message } from '../../src/containers/protobuf.ts'
import { packOciImage, packRoot } from './image.ts'
import { encodeText } from './message.ts'
import { whyNot } from './podman.ts'

const run = promisify(execFile)

/** Why containers cannot be run by containerd here; undefined = they can. @throws {Error} when FALC_REQUIRE asks for live tests */
export const missing = () => whyNot('containerd', ['containerd', 'ctr', 'runc'])

/** A container of a pod. */
export interface PodContainer {
  readonly args: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** A folder of the host, and where it is mounted, read-only. */
  readonly mount?: readonly [source: string, destination: string]
  readonly privileged?: boolean
}

/** A containerd of our own, with the container runtime interface and an image of busybox, which is also the pause image. */
export class Containerd {
  readonly socket: string
  readonly image = 'localhost/falc-test:v1'
  private readonly dir: string
  private readonly service: ChildProcess
  private readonly client: GrpcClient
  /** Configurations of pods, by sandbox id. */
  private readonly pods = new Map<string, string>()

  private constructor(dir: string, socket: string, service: ChildProcess) {
    this.dir = dir
    this.socket = socket
    this.service = service
    this.client = new GrpcClient(socket)
  }

  static async start(): Promise<Containerd> {
    const dir = mkdtempSync(join(tmpdir(), 'falc-ctrd-'))
    const socket = join(dir, 'containerd.sock')
    writeFileSync(join(dir, 'config.toml'), configuration(dir, socket))
    const service = spawn('containerd', ['--config', join(dir, 'config.toml')], { stdio: 'ignore' })
    const containerd = new Containerd(dir, socket, service)
    const archive = await packOciImage(dir, await packRoot(dir), containerd.image)
    await containerd.ready()
    await containerd.ctr('-n', 'k8s.io', 'images', 'import', '--snapshotter', 'native', archive)
    await containerd.ctr('-n', 'default', 'images', 'import', '--snapshotter', 'native', archive)
    return containerd
  }

  async ctr(...args: string[]): Promise<string> {
    const { stdout } = await run('ctr', ['-a', this.socket, ...args], { encoding: 'utf8' })
    return stdout.trim()
  }

  /** A call of the container runtime interface. @param request in the notation of `encodeText` */
  cri(method: string, request = ''): Promise<Message> {
    const signal = patient()
    return this.client.call(`/runtime.v1.RuntimeService/${method}`, encodeText(request), signal)
  }

  /** Runs a pod on the node's network, so that none has to be set up. Returns the sandbox's id. */
  async runPod(name: string, namespace: string, labels: Readonly<Record<string, string>>): Promise<string> {
    // Only a privileged pod may have privileged containers.
    const pod = `1={1="${name}" 2="uid-of-${name}" 3="${namespace}"} ${map(6, labels)} 8={2={1={1=2} 6=1}}`
    const id = (await this.cri('RunPodSandbox', `1={${pod}}`)).text(1)
    this.pods.set(id, pod)
    return id
  }

  /** Makes a container without starting it. Returns its id. */
  async create(pod: string, name: string, options: PodContainer): Promise<string> {
    const { args, labels = {}, mount, privileged = false } = options
    const parts = [
      `1={1="${name}"} 2={1="${this.image}"}`,
      ...args.map(arg => `3="${arg}"`),
      ...(mount === undefined ? [] : [`7={1="${mount[1]}" 2="${mount[0]}" 3=1}`]),
      map(9, { ...labels, 'io.kubernetes.container.name': name }),
      ...(privileged ? ['15={2={2=1}}'] : []),
    ]
    const answer = await this.cri('CreateContainer', `1="${pod}" 2={${parts.join(' ')}} 3={${this.pods.get(pod)}}`)
    return answer.text(1)
  }

  /** Starts a container, waits for it to exit, and removes it. */
  async runToEnd(id: string): Promise<void> {
    const exited = 2n
    await this.cri('StartContainer', `1="${id}"`)
    const state = async () => (await this.cri('ContainerStatus', `1="${id}"`)).message(1).number(3)
    await until('the container ends', async () => (await state()) === exited)
    await this.cri('RemoveContainer', `1="${id}"`)
  }

  async stop(): Promise<void> {
    for (const pod of (await this.cri('ListPodSandbox')).messages(1)) {
      await this.cri('StopPodSandbox', `1="${pod.text(1)}"`)
      await this.cri('RemovePodSandbox', `1="${pod.text(1)}"`)
    }
    this.client.close()
    const gone = new Promise(resolve => this.service.once('exit', resolve))
    this.service.kill()
    await gone
    rmSync(this.dir, { recursive: true, force: true })
  }

  private async ready(): Promise<void> {
    await eventually(() => this.cri('Version'))
  }
}

/** A map of texts as a field of a message. */
function map(field: number, entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([key, value]) => `${field}={1="${key}" 2="${value}"}`)
    .join(' ')
}

function configuration(dir: string, socket: string): string {
  return `
version = 2
root = "${dir}/lib"
state = "${dir}/run"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${dir}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/falc-test:v1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`
}
