import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { eventually } from '../../../../scripts/testing/wait.ts'
import { packRoot } from './image.ts'
import { whyNot } from './podman.ts'

/** Why containers cannot be run by docker here; undefined = they can. @throws {Error} when FALC_REQUIRE asks for live tests */
export const missing = () => whyNot('docker', ['dockerd', 'containerd', 'runc'])

/** What POST /containers/create takes, as far as tests need it. */
export interface DockerOptions {
  readonly Cmd: readonly string[]
  readonly Labels?: Readonly<Record<string, string>>
  readonly HostConfig?: object
}

/** A dockerd of our own, without networks, and an image of busybox. */
export class Docker {
  readonly socket: string
  readonly image = 'localhost/falc-test:v1'
  private readonly dir: string
  private readonly service: ChildProcess

  private constructor(dir: string) {
    this.dir = dir
    this.socket = join(dir, 'docker.sock')
    const paths = [
      `--data-root=${dir}/data`,
      `--exec-root=${dir}/exec`,
      `--pidfile=${dir}/pid`,
      `-Hunix://${this.socket}`,
    ]
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false']
    this.service = spawn('dockerd', [...network, '--storage-driver=vfs', ...paths], { stdio: 'ignore' })
  }

  static async start(): Promise<Docker> {
    const docker = new Docker(mkdtempSync(join(tmpdir(), 'falc-docker-')))
    const archive = await packRoot(docker.dir)
    await docker.ready()
    const query = `fromSrc=-&repo=localhost/falc-test&tag=v1&changes=${encodeURIComponent('LABEL team=blue')}`
    await docker.ask('POST', `/images/create?${query}`, createReadStream(archive))
    return docker
  }

  /** Starts a container without waiting for it to exit. Returns its id. */
  async run(name: string, { HostConfig, ...options }: DockerOptions): Promise<string> {
    const config = { Image: this.image, HostConfig: { NetworkMode: 'none', ...HostConfig }, ...options }
    const { Id: id } = JSON.parse(await this.ask('POST', `/containers/create?name=${name}`, JSON.stringify(config)))
    await this.ask('POST', `/containers/${id}/start`)
    return id
  }

  /** @throws {Error} when the response is not a success */
  ask(method: string, path: string, body: string | Readable = ''): Promise<string> {
    const headers = { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-tar' }
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socket, method, path, headers }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => (text += chunk))
        response.on('end', () => {
          if (response.statusCode! < 300) resolve(text)
          else reject(new Error(`${method} ${path}: ${response.statusCode}: ${text}`))
        })
      })
      asked.on('error', reject)
      if (typeof body === 'string') asked.end(body)
      else body.pipe(asked)
    })
  }

  async stop(): Promise<void> {
    // A container that exits meanwhile may remove itself.
    for (const { Id: id } of JSON.parse(await this.ask('GET', '/containers/json?all=1')))
      await this.ask('DELETE', `/containers/${id}?force=1`).catch(() => {})
    const gone = new Promise(resolve => this.service.once('exit', resolve))
    this.service.kill()
    await gone
    rmSync(this.dir, { recursive: true, force: true })
  }

  private async ready(): Promise<void> {
    await eventually(() => this.ask('GET', '/_ping'))
  }
}
