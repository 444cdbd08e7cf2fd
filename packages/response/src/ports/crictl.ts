/** Containers of runtimes with only Kubernetes' interface, such as CRI-O. It can stop containers, nothing else. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Answer, Attempt, EngineCall } from '../model/call.ts'
import { failureOf, isOlder, YOUNGER } from './container.ts'

const run = promisify(execFile)

/** undefined: the runtime does not have it, either. */
export async function throughCrictl(
  socket: string,
  call: EngineCall,
  { dry, signal }: Attempt,
): Promise<Answer | undefined> {
  const crictl = (...args: readonly string[]) =>
    run('crictl', ['--runtime-endpoint', `unix://${socket}`, ...args], { signal, encoding: 'utf8' })
  try {
    const { stdout } = await crictl('ps', '--all', '--output', 'json', '--id', call.container)
    const containers: any[] = JSON.parse(stdout).containers ?? []
    const found = containers.find(({ id }) => typeof id === 'string' && id.startsWith(call.container))
    if (!found) return undefined
    // Nanoseconds since 1970, as a text.
    const created = /^\d{10,20}$/.test(found.createdAt)
      ? new Date(Number(BigInt(found.createdAt) / 1_000_000n))
      : undefined
    if (!created || !isOlder(created.toISOString(), call)) return YOUNGER
    if (call.does !== 'stop' && call.does !== 'kill')
      return { outcome: 'failed', said: `${socket} does not ${call.does}: it stops containers only` }
    if (found.state !== 'CONTAINER_RUNNING') return { outcome: 'already', said: 'it does not run' }
    if (dry) return { outcome: 'done', said: 'it is there, and runs' }
    // Without grace it is killed.
    const grace = call.does === 'stop' ? (call.grace ?? 10) : 0
    return await crictl('stop', '--timeout', String(grace), found.id).then(
      () => ({ outcome: 'done', said: '' }) as const,
      error => failureOf(error),
    )
  } catch (error) {
    return { outcome: 'failed', said: `crictl: ${(error as Error).message.slice(0, 300)}` }
  }
}
