/**
 * Admission: how long a review takes, and what it costs. `falc admission` runs as its own process, and a generator in another one posts
 * reviews of pods at a fixed rate, whether or not earlier ones have been answered (open loop): the time of each counts from
 * the moment at which it was due. The peer reads each review and admits it, without rules or alerts, in the same kind of server.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HttpReceiver, parseReview, printAnswer } from '@falc/sources-k8saudit'
import { root } from './files.ts'
import { report } from './measure.ts'
import { cpuOf, treeOf } from './processes.ts'

/** Reviews per second, and for how many seconds. */
const RATE = 2000
const SECONDS = 10
const ROUNDS = 3

/** Connections of an API server that has much to ask. */
const CONNECTIONS = 32

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

/** A request as bytes, made once: what the generator costs must not be taken for what the subject costs. */
function message(n: number): Buffer {
  const body = review(n)
  const head = `POST /admission?timeout=3s HTTP/1.1\r\nhost: falc\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  return Buffer.from(`${head}\r\n\r\n${body}`)
}

/** The generator, in its own process: sends RATE reviews a second and returns their times in milliseconds. */
async function generate(url: string, seconds: number): Promise<number[]> {
  const messages = Array.from({ length: 64 }, (_, n) => message(n))
  const count = RATE * seconds
  const times: number[] = []
  const waiting: number[] = []
  const idle: Socket[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const begun = performance.now()
  const send = (socket: Socket, n: number) => {
    socket.once('data', (answer: Buffer) => {
      times.push(performance.now() - begun - (n / RATE) * 1000)
      if (!answer.includes('HTTP/1.1 200') || !answer.includes('"response":'))
        reject(new Error(`no answer: ${answer.toString('latin1')}`))
      const next = waiting.shift()
      if (next === undefined) idle.push(socket)
      else send(socket, next)
      if (times.length === count) resolve()
    })
    socket.write(messages[n % messages.length]!)
  }
  const { hostname, port } = new URL(url)
  for (let i = 0; i < CONNECTIONS; i++) {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.on('error', reject).on('close', () => reject(new Error('the connection was closed')))
    idle.push(socket)
  }
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - begun) / 1000) * RATE))
    for (; sent < due; sent++) {
      // In turn: a server closes a connection on which nothing comes for seconds.
      const socket = idle.shift()
      if (socket === undefined) waiting.push(sent)
      else send(socket, sent)
    }
    if (sent === count) clearInterval(timer)
  }, 1)
  await promise
  for (const socket of idle) socket.destroy()
  return times
}

interface Subject {
  readonly name: string
  readonly child: ChildProcess
  readonly url: string
}

async function started(name: string, child: ChildProcess): Promise<Subject> {
  let text = ''
  for await (const chunk of child.stderr!) {
    text += chunk
    const url = / listening at (http:\S+\/admission)/.exec(text)?.[1]
    if (url === undefined) continue
    child.stderr!.resume()
    return { name, child, url }
  }
  throw new Error(`${name} did not start: ${text}`)
}

async function measured({ child, url }: Subject, seconds: number) {
  const before = cpuOf(treeOf(child.pid!))
  const generator = fork(import.meta.filename, ['generate', url, String(seconds)], { execArgv: process.execArgv })
  const ended = once(generator, 'exit').then(([code]) => {
    throw new Error(`the generator ended with ${code}`)
  })
  const [times] = (await Promise.race([once(generator, 'message'), ended])) as [number[]]
  ended.catch(() => {})
  const cpu = cpuOf(treeOf(child.pid!)) - before
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { p50: at(0.5), p99: at(0.99), cpu: (cpu / times.length) * 1e6 }
}

export async function benchAdmission(): Promise<void> {
  console.log(
    `admission: ${RATE} reviews a second for ${SECONDS} s, ${ROUNDS} rounds; milliseconds from when each was due`,
  )
  const folder = mkdtempSync(join(tmpdir(), 'falc-bench-admission-'))
  writeFileSync(
    join(folder, 'falco.yaml'),
    `stdout_output: {enabled: false}
file_output: {enabled: true, keep_alive: true, filename: ${join(folder, 'alerts')}}
admission: {listen: "127.0.0.1:0", deny: {rules: [Privileged Container Created]}}
`,
  )
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as ['ignore', 'ignore', 'pipe', 'ipc']
  const falc = ['admission', '-c', join(folder, 'falco.yaml'), '-r', join(root, 'rules/k8s_audit.yaml')]
  const children = [
    spawn(join(root, 'falc'), falc, { stdio: ['ignore', 'ignore', 'pipe'] }),
    fork(import.meta.filename, ['peer'], { stdio, execArgv: process.execArgv }),
  ]
  try {
    const subjects = [await started('falc', children[0]!), await started('peer', children[1]!)]
    const rounds = subjects.map((): Awaited<ReturnType<typeof measured>>[] => [])
    for (const subject of subjects) await measured(subject, 2)
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, subject] of subjects.entries()) rounds[i]!.push(await measured(subject, SECONDS))
    for (const [i, { name }] of subjects.entries()) {
      const of = (key: 'p50' | 'p99' | 'cpu') => rounds[i]!.map(round => round[key]).sort((a, b) => a - b)
      const [p50, p99, cpu] = [of('p50'), of('p99'), of('cpu')]
      const middle = (values: readonly number[]) => values[values.length >> 1]!
      const best = (values: readonly number[], unit: string) => `best ${values[0]!.toFixed(2)} ${unit}`
      const goal = name === 'falc' ? 'under 5 ms' : ''
      report(`${name}: p50`, `${middle(p50).toFixed(2)} ms`, '', best(p50, 'ms'))
      report(`${name}: p99`, `${middle(p99).toFixed(2)} ms`, goal, best(p99, 'ms'))
      report(`${name}: CPU per review`, `${middle(cpu).toFixed(0)} µs`, '', best(cpu, 'µs'))
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

/** The same server, which admits everything. */
async function peer(): Promise<void> {
  const receiver = new HttpReceiver(
    { host: '127.0.0.1', port: 0, maxBodyBytes: 12 * 1024 * 1024 },
    {
      route: () => 'body',
      take: async body => ({
        type: 'application/json',
        body: printAnswer(parseReview(body.toString('utf8')).uid, { allowed: true }),
      }),
    },
  )
  await receiver.listen()
  process.stderr.write(`listening at ${receiver.url}/admission\n`.replace(/^/, 'peer '))
}

const [role, url, seconds] = process.argv.slice(2)
if (process.argv[1] === import.meta.filename && role === 'peer') await peer()
if (process.argv[1] === import.meta.filename && role === 'generate') {
  process.send!(await generate(url!, Number(seconds)), () => process.disconnect())
}
