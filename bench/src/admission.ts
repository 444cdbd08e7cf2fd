/**
 * Admission: how long a review takes, and what it costs. `falc admission` runs as its own process. A Go program (peers/reviews.go) sends it
 * reviews as an API server does: TLS, HTTP/1.1 and persistent connections (API servers do not use HTTP/2 with webhooks:
 * kubernetes/kubernetes#82090), at a fixed rate whether or not earlier reviews have been answered. Two other servers read each review and
 * admit it, without rules or alerts. The one in Node shows the minimal cost of a Node program; the one in Go shows what the machine and the
 * generator achieve at that moment.
 */
import { type ChildProcess, execFile, execFileSync, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './files.ts'
import { report, times } from './measure.ts'
import { cpuOf, treeOf } from './processes.ts'

/** Reviews per second, and for how many seconds. */
const RATE = 2000
const SECONDS = 6
const ROUNDS = 3

/** Connections that an API server keeps with a webhook. */
const CONNECTIONS = 25

/** One in eight is privileged. */
function review(n: number): string {
  const container = (image: string) => ({
    ...{ name: image, image: `registry.example/shop/${image}:1.${n % 50}`, ports: [{ containerPort: 8080 }] },
    resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    env: ['A', 'B', 'C', 'D'].map(name => ({ name, value: `value of ${name}` })),
    volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
    securityContext: { runAsUser: 1000, privileged: n % 8 === 0 },
  })
  const object = {
    ...{ kind: 'Pod', apiVersion: 'v1' },
    metadata: { name: `web-${n}`, namespace: 'shop', labels: { app: 'web', tier: 'front' } },
    spec: { containers: [container('web'), container('proxy')], volumes: [{ name: 'token', projected: {} }] },
  }
  const pods = { group: '', version: 'v1', resource: 'pods' }
  const userInfo = { username: `dev-${n % 20}`, groups: ['developers', 'system:authenticated'] }
  return JSON.stringify({
    ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
    request: { uid: `${n}`, operation: 'CREATE', resource: pods, namespace: 'shop', userInfo, object },
  })
}

/** What the servers need, in one folder. */
class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'falc-bench-admission-'))
  readonly certificate = join(this.folder, 'tls.crt')
  readonly key = join(this.folder, 'tls.key')
  readonly bodies = join(this.folder, 'bodies')
  readonly program = join(this.folder, 'reviews')

  constructor() {
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    execFileSync('openssl', [...kind, ...names, '-keyout', this.key, '-out', this.certificate], { stdio: 'ignore' })
    const source = join(import.meta.dirname, 'peers/reviews.go')
    const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '' }
    execFileSync('go', ['build', '-o', this.program, source], { env })
    writeFileSync(this.bodies, Array.from({ length: 64 }, (_, n) => review(n)).join('\n'))
    writeFileSync(
      join(this.folder, 'falco.yaml'),
      `stdout_output: {enabled: false}
file_output: {enabled: true, keep_alive: true, filename: ${join(this.folder, 'alerts')}}
admission:
  {listen: "127.0.0.1:0", certificate: ${this.certificate}, certificate_key: ${this.key}, deny: {rules: [Privileged Container Created]}}
`,
    )
  }

  /** The servers, by name. */
  servers(): Record<'falc' | 'node' | 'go', ChildProcess> {
    const stdio = ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe']
    const rules = join(root, 'rules/k8s_audit.yaml')
    const serve = [this.certificate, this.key]
    return {
      falc: spawn(join(root, 'falc'), ['admission', '-c', join(this.folder, 'falco.yaml'), '-r', rules], { stdio }),
      node: fork(import.meta.filename, ['serve', ...serve], { stdio: [...stdio, 'ipc'], execArgv: process.execArgv }),
      go: spawn(this.program, ['serve', ...serve], { stdio }),
    }
  }
}

/** Where a server listens, once it does. */
async function addressOf(name: string, child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stderr!) {
    text += chunk
    const address = / listening at https:\/\/(\S+)\/admission/.exec(` ${text}`)?.[1]
    if (address === undefined) continue
    child.stderr!.resume()
    return address
  }
  throw new Error(`${name} did not start: ${text}`)
}

/** Milliseconds. */
type Quantiles = Readonly<Record<'p50' | 'p99', number>>

/** What the generator prints: times from when a review was due, and how late it was itself. */
interface Asked {
  readonly count: number
  readonly answered: Quantiles
  readonly late: Quantiles
}

async function measured(place: Workplace, child: ChildProcess, address: string, seconds: number) {
  const before = cpuOf(treeOf(child.pid!))
  const limits = [RATE, seconds, CONNECTIONS].map(String)
  const { stdout } = await promisify(execFile)(place.program, [address, place.certificate, place.bodies, ...limits])
  const { answered, late, count }: Asked = JSON.parse(stdout)
  return { ...answered, late: late.p99, cpu: ((cpuOf(treeOf(child.pid!)) - before) / count) * 1e6 }
}

type Round = Awaited<ReturnType<typeof measured>>

export async function benchAdmission(): Promise<void> {
  console.log(
    `admission: ${RATE} reviews a second for ${SECONDS} s, ${ROUNDS} rounds; milliseconds from when each was due`,
  )
  const place = new Workplace()
  const children = place.servers()
  try {
    const servers: { name: string; child: ChildProcess; address: string; rounds: Round[] }[] = []
    for (const [name, child] of Object.entries(children))
      servers.push({ name, child, address: await addressOf(name, child), rounds: [] })
    for (const { child, address } of servers) await measured(place, child, address, 2)
    for (let round = 0; round < ROUNDS; round++)
      for (const { child, address, rounds } of servers) rounds.push(await measured(place, child, address, SECONDS))
    for (const { name, rounds } of servers) {
      const row = (key: keyof Round, what: string, unit: string, digits: number, goal = '') => {
        const values = rounds.map(one => one[key]).sort((a, b) => a - b)
        const shown = (value: number) => `${value.toFixed(digits)} ${unit}`
        report(`${name}: ${what}`, shown(values[values.length >> 1]!), goal, `best ${shown(values[0]!)}`)
      }
      row('p50', 'p50', 'ms', 2)
      row('p99', 'p99', 'ms', 2, name === 'falc' ? 'under 5 ms' : '')
      row('late', 'the generator itself, p99', 'ms', 2)
      row('cpu', 'CPU per review', 'µs', 0)
    }
    const [falc, node] = servers.map(({ rounds }) => rounds.map(({ cpu }) => cpu))
    const ratios = falc!.map((cpu, i) => cpu / node![i]!).sort((a, b) => a - b)
    report("falc: CPU per review beside Node's server", times(ratios[1]!), '', `best ${times(ratios[0]!)}`)
  } finally {
    for (const child of Object.values(children)) child.kill('SIGKILL')
    rmSync(place.folder, { recursive: true })
  }
}

/** Node's server, which reads and admits. */
function serve(certificate: string, key: string): void {
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const { uid } = JSON.parse(Buffer.concat(chunks).toString()).request
      const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer))
    })
  })
  server.listen(0, '127.0.0.1', () => {
    process.stderr.write(`listening at https://127.0.0.1:${(server.address() as AddressInfo).port}/admission\n`)
  })
}

const [role, certificate, key] = process.argv.slice(2)
if (process.argv[1] === import.meta.filename && role === 'serve') serve(certificate!, key!)
