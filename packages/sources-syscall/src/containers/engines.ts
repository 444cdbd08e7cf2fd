import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inspectCri } from './cri.ts'
import { type ContainerDescription, LABEL_MAX_LENGTH } from './description.ts'
import { inspectDocker, inspectPodman } from './docker.ts'
import { GrpcClient } from './grpc.ts'
import { SocketClient } from './http.ts'

/** Protocols that engines speak: docker and podman JSON over HTTP, containerd and CRI-O the container runtime interface. */
export type EngineKind = 'docker' | 'podman' | 'cri'

/** Sockets to ask, by protocol. Default: where the engines put them. */
export type EngineSockets = Readonly<Record<EngineKind, readonly string[]>>

const DEFAULT_SOCKETS: EngineSockets = {
  docker: ['/var/run/docker.sock'],
  podman: ['/run/podman/podman.sock'],
  cri: ['/run/containerd/containerd.sock', '/run/crio/crio.sock', '/run/k3s/containerd/containerd.sock'],
}

/**
 * Who may know a container, most likely first, by the layout of its control group. Layouts of docker and of the container
 * runtime interface are alike.
 */
const ASKED: Readonly<Record<string, readonly EngineKind[]>> = {
  podman: ['podman'],
  docker: ['docker', 'cri', 'podman'],
  cri: ['cri', 'docker'],
  containerd: ['cri'],
}

/** Somebody who can tell about containers. */
export interface Engine {
  readonly kind: EngineKind
  readonly socket: string
  /** The socket's file is there: looked at anew each time, since an engine may start later. */
  present(): boolean
  /** @throws {LookupError} */
  inspect(id: string, signal: AbortSignal): Promise<ContainerDescription>
  close(): void
}

/** Runtimes (of control groups' layouts) whose containers an engine could know. */
export function enginesFor(engines: readonly Engine[], runtime: string): Engine[] {
  const kinds = ASKED[runtime] ?? []
  return kinds.flatMap(kind => engines.filter(engine => engine.kind === kind))
}

/**
 * @param connections at the same time, for each engine that speaks HTTP
 * @param root where the host's files are seen (Falco's HOST_ROOT, /host in a pod)
 */
export function openEngines(
  sockets: Partial<EngineSockets> = {},
  connections = 4,
  root = process.env.HOST_ROOT ?? '',
  labelLimit = LABEL_MAX_LENGTH,
): Engine[] {
  const all = { ...DEFAULT_SOCKETS, podman: [...DEFAULT_SOCKETS.podman, ...userSockets(root)], ...sockets }
  return (Object.keys(DEFAULT_SOCKETS) as EngineKind[]).flatMap(kind =>
    all[kind].map(socket => open(kind, join(root, socket), connections, labelLimit)),
  )
}

function open(kind: EngineKind, socket: string, connections: number, labelLimit: number): Engine {
  const present = () => existsSync(socket)
  if (kind === 'cri') {
    const client = new GrpcClient(socket)
    const inspect = (id: string, signal: AbortSignal) => inspectCri(client, id, labelLimit, signal)
    return { kind, socket, present, inspect, close: () => client.close() }
  }
  const client = new SocketClient(socket, connections)
  const ask = kind === 'docker' ? inspectDocker : inspectPodman
  const inspect = (id: string, signal: AbortSignal) => ask(client, id, labelLimit, signal)
  return { kind, socket, present, inspect, close: () => client.close() }
}

/** Sockets of podmans that users run for themselves. */
function userSockets(root: string): string[] {
  const users = '/run/user'
  try {
    return readdirSync(join(root, users))
      .map(uid => join(users, uid, 'podman/podman.sock'))
      .filter(path => existsSync(join(root, path)))
  } catch {
    return []
  }
}
