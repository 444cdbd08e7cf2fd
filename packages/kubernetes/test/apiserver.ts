import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

interface Tls {
  readonly cert: string
  readonly key: string
}

/** The stand-in for an API server: see apiserver.py. */
export class ApiServer {
  readonly url: string
  /** The file with the token that it accepts now. */
  readonly token: string
  /** A kubeconfig file for it. */
  readonly kubeconfig: string
  readonly #folder: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  private constructor(
    folder: string,
    process: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    port: string,
    tls: Tls | undefined,
  ) {
    this.url = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
    this.token = join(folder, 'token')
    this.kubeconfig = join(folder, 'kubeconfig')
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: this.url, ...(tls && { 'certificate-authority': tls.cert }) } }],
      users: [{ name: 'u', user: { tokenFile: this.token } }],
    }
    writeFileSync(this.kubeconfig, JSON.stringify(config))
    this.#folder = folder
    this.#process = process
    this.#lines = lines
  }

  /** @param tls paths of PEM files */
  static async start(tls?: Tls): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'falc-apiserver-'))
    writeFileSync(join(folder, 'token'), 'first\n')
    const args = [
      'apiserver.py',
      join(folder, 'roles.json'),
      join(folder, 'token'),
      ...(tls ? [tls.cert, tls.key] : []),
    ]
    const process = spawn('/usr/bin/python3', args, { cwd: import.meta.dirname })
    let errors = ''
    process.stderr.on('data', text => (errors += text))
    const lines = createInterface(process.stdout)[Symbol.asyncIterator]()
    const { value: port } = await lines.next()
    if (port === undefined) throw new Error(errors)
    return new ApiServer(folder, process, lines, port, tls)
  }

  /** Sets the roles of the token's owner. */
  allow(roles: readonly unknown[]): void {
    writeFileSync(join(this.#folder, 'roles.json'), JSON.stringify(roles))
  }

  /** Sends one command. @returns what it prints */
  async tell(command: string): Promise<any> {
    this.#process.stdin.write(`${command}\n`)
    const { value } = await this.#lines.next()
    return value === 'ok' ? undefined : JSON.parse(value!)
  }

  async stop(): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill()
    await gone
    rmSync(this.#folder, { recursive: true })
  }
}
