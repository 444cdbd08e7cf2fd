/** Containers: through Docker's API (Docker, Podman), `ctr` (containerd) or `crictl` (others). */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Answer, Attempt, EngineCall, Outcome, Port } from '../model/call.ts'
import { failureOf, isOlder, YOUNGER } from './container.ts'
import { throughCrictl } from './crictl.ts'

export interface EngineOptions {
  /** Sockets with Docker's API, in the order in which they are asked. */
  readonly sockets?: readonly string[]
  /** containerd's socket. */
  readonly containerd?: string
  /** A socket with Kubernetes' interface for runtimes (CRI). */
  readonly cri?: string
}

export const SOCKETS: readonly string[] = ['/var/run/docker.sock', '/run/podman/podman.sock']
const CONTAINERD = '/run/containerd/containerd.sock'
const CRI = '/run/crio/crio.sock'

/** Bytes of an answer: a container's description has some ten thousand. */
const MAX_ANSWER = 4 << 20

interface Reply {
  readonly status: number
  readonly body: any
}

export function enginePort(options: EngineOptions = {}): Port<EngineCall> {
  const { sockets = SOCKETS, containerd = CONTAINERD, cri = CRI } = options
  return async (call, attempt) => {
    const problems: string[] = []
    for (const socket of sockets) {
      if (!existsSync(socket)) continue
      try {
        const found = await ask(socket, 'GET', `/containers/${call.container}/json`, attempt.signal)
        if (found.status === 200) return await act(socket, found.body, call, attempt)
        if (found.status !== 404) problems.push(`${socket}: ${messageOf(found)}`)
      } catch (error) {
        problems.push(`${socket}: ${(error as Error).message}`)
      }
    }
    for (const [other, through] of [
      [containerd, throughCtr],
      [cri, throughCrictl],
    ] as const) {
      const answer = existsSync(other) ? await through(other, call, attempt) : undefined
      if (answer) return answer
    }
    if (problems.length > 0) return { outcome: 'failed', said: problems.join('; ') }
    return { outcome: 'gone', said: `no engine has ${call.container}` }
  }
}

/** Statuses of Docker's API. 304: it is so; 409: it does not run, or is paused already. */
const OUTCOMES: Readonly<Record<number, Outcome>> = {
  200: 'done',
  204: 'done',
  304: 'already',
  404: 'gone',
  409: 'already',
  403: 'refused',
}

const PATHS: Readonly<Record<EngineCall['does'], string>> = {
  stop: '/stop',
  kill: '/kill?signal=SIGKILL',
  pause: '/pause',
  unpause: '/unpause',
  disconnect: '',
  connect: '',
}

async function act(socket: string, found: any, call: EngineCall, { dry, signal }: Attempt): Promise<Answer> {
  const id: string = found.Id
  if (typeof id !== 'string' || !id.startsWith(call.container))
    return { outcome: 'refused', said: `${socket} answers with another container` }
  // An ID is never given twice, but 12 of its digits may be.
  if (!isOlder(found.Created, call)) return YOUNGER
  if (call.does === 'disconnect' || call.does === 'connect') return networks(socket, id, found, call, { dry, signal })
  if ((call.does === 'pause' || call.does === 'unpause') && (found.State?.Paused === true) === (call.does === 'pause'))
    return { outcome: 'already', said: `it is ${found.State.Status}` }
  if (found.State?.Running === false && call.does !== 'unpause') return { outcome: 'already', said: 'it does not run' }
  if (dry) return { outcome: 'done', said: `it is there, and ${found.State?.Status ?? 'runs'}` }
  const grace = call.does === 'stop' ? `?t=${call.grace ?? 10}` : ''
  const path = `/containers/${id}${PATHS[call.does]}${grace}`
  if (call.does !== 'stop' && call.does !== 'kill') return sent(await write(socket, path, signal))
  return ended(socket, path, id, (call.does === 'stop' ? (call.grace ?? 10) * 1000 : 0) + TIMEOUT_MS, signal)
}

/** Milliseconds until an engine that does not answer is asked for the container's state, and between two such questions. */
const TIMEOUT_MS = 3000
const AGAIN = 500

/**
 * Engines answer when the container has ended and they have put everything away, which can take long; the next steps should not wait for that.
 * If an answer is lost, the outcome can still be found out.
 */
async function ended(socket: string, path: string, id: string, interval: number, signal: AbortSignal): Promise<Answer> {
  const answered = new AbortController()
  const looking = AbortSignal.any([signal, answered.signal])
  const looked = async (): Promise<Answer> => {
    await sleep(interval, undefined, { signal: looking })
    while (await runs(socket, id, looking)) await sleep(AGAIN, undefined, { signal: looking })
    return { outcome: 'done', said: 'no answer, but it does not run any more' }
  }
  const never = new Promise<never>(() => {})
  const reply = write(socket, path, looking).then(async answer => {
    if (!(answer instanceof Error) || signal.aborted) return sent(answer)
    return (await runs(socket, id, signal)) ? sent(answer) : { ...sent(answer), outcome: 'done' as const }
  })
  try {
    return await Promise.race([reply, looked().catch(() => never)])
  } finally {
    answered.abort()
  }
}

/** Also when it cannot be found out. */
const runs = (socket: string, id: string, signal: AbortSignal): Promise<boolean> =>
  ask(socket, 'GET', `/containers/${id}/json`, signal).then(
    ({ status, body }) => status !== 200 || body?.State?.Running !== false,
    () => true,
  )

async function networks(
  socket: string,
  id: string,
  found: any,
  call: EngineCall,
  at: Pick<Attempt, 'dry' | 'signal'>,
): Promise<Answer> {
  const names =
    call.does === 'connect'
      ? (call.networks ?? [])
      : Object.keys(found.NetworkSettings?.Networks ?? {}).filter(name => name !== 'none')
  if (names.length === 0) return { outcome: 'already', said: 'it is in no network' }
  if (at.dry) return { outcome: 'done', said: `it is in ${names.join(', ')}`, data: { networks: names } }
  for (const [i, name] of names.entries()) {
    const body = { Container: id, ...(call.does === 'disconnect' && { Force: true }) }
    const answer = sent(await write(socket, `/networks/${encodeURIComponent(name)}/${call.does}`, at.signal, body))
    if (answer.outcome === 'failed' || answer.outcome === 'refused' || answer.outcome === 'undecided') {
      // Those that were left, and the one that may have been, are connected again by an undo.
      const left = names.slice(0, answer.outcome === 'undecided' ? i + 1 : i)
      return { ...answer, ...(left.length > 0 && { data: { networks: left } }) }
    }
  }
  return { outcome: 'done', said: names.join(', '), data: { networks: names } }
}

const sent = (reply: Reply | Error): Answer =>
  reply instanceof Error
    ? { outcome: 'undecided', said: `no answer: ${reply.message}` }
    : { outcome: OUTCOMES[reply.status] ?? 'failed', said: reply.status < 300 ? '' : messageOf(reply) }

const messageOf = ({ status, body }: Reply) =>
  `${status} ${String(body?.message ?? body?.cause ?? '').slice(0, 300)}`.trim()

/** Once it has been sent, an error does not say whether it was done. */
const write = (socket: string, path: string, signal: AbortSignal, body?: unknown): Promise<Reply | Error> =>
  ask(socket, 'POST', path, signal, body).catch(error => error as Error)

function ask(socketPath: string, method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      host: 'localhost',
      ...(text && { 'content-type': 'application/json' }),
      'content-length': Buffer.byteLength(text),
    }
    const sending = request({ socketPath, method, path: `/v1.41${path}`, signal, headers }, response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER) response.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString()) }),
      )
    })
    sending.on('error', reject)
    sending.end(text)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { message: text }
  }
}

const run = promisify(execFile)

const CTR: Partial<Record<EngineCall['does'], readonly string[]>> = {
  stop: ['task', 'kill', '-s', 'SIGTERM'],
  kill: ['task', 'kill', '-s', 'SIGKILL'],
  pause: ['task', 'pause'],
  unpause: ['task', 'resume'],
}

/** undefined: containerd does not have it, either. */
async function throughCtr(socket: string, call: EngineCall, { dry, signal }: Attempt): Promise<Answer | undefined> {
  const ctr = (args: readonly string[]) => run('ctr', ['--address', socket, ...args], { signal, encoding: 'utf8' })
  const lines = async (args: readonly string[]) => (await ctr(args)).stdout.split('\n').filter(Boolean)
  try {
    for (const namespace of await lines(['namespaces', 'list', '-q'])) {
      const ids = await lines(['-n', namespace, 'containers', 'list', '-q'])
      const id = ids.find(one => one.startsWith(call.container))
      if (id === undefined) continue
      const args = CTR[call.does]
      if (!args) return { outcome: 'failed', said: `containerd does not ${call.does}: CNI does` }
      const { CreatedAt: created } = JSON.parse((await ctr(['-n', namespace, 'containers', 'info', id])).stdout)
      if (!isOlder(created, call)) return YOUNGER
      if (dry) return { outcome: 'done', said: `it is there, in ${namespace}` }
      const task = (words: readonly string[]) => ctr(['-n', namespace, ...words])
      const acting = async () => {
        await task([...args, id])
        if (call.does === 'stop') await endsOrIsKilled(task, id, (call.grace ?? 10) * 1000, signal)
      }
      return await acting().then(
        () => ({ outcome: 'done', said: `in ${namespace}` }) as const,
        error => failureOf(error),
      )
    }
    return undefined
  } catch (error) {
    return { outcome: 'failed', said: `ctr: ${(error as Error).message.slice(0, 300)}` }
  }
}

/** containerd only sends signals: one that is left to a process may be ignored, so the last one is not. */
async function endsOrIsKilled(
  task: (words: readonly string[]) => Promise<{ readonly stdout: string }>,
  id: string,
  grace: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + grace
  const lives = async () =>
    (await task(['task', 'list'])).stdout.split('\n').some(line => {
      const [name, , status] = line.trim().split(/\s+/)
      return name === id && status !== 'STOPPED'
    })
  while (await lives()) {
    if (performance.now() >= end) {
      await task([...CTR.kill!, id]).catch(error => {
        if (failureOf(error).outcome !== 'already') throw error
      })
      return
    }
    await sleep(AGAIN, undefined, { signal })
  }
}
