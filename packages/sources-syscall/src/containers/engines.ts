import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inspectContainerd } from './containerd.ts'
import { inspectCri } from './cri.ts'
import { watchCri } from './cri-events.ts'
import { type Announced, LABEL_MAX_LENGTH } from './description.ts'
import { inspectDocker, inspectPodman } from './docker.ts'
import { watchDocker, watchPodman, withDockerImage, withPodmanImage } from './docker-events.ts'
import type { Engine, EngineKind } from './engine.ts'
import { LookupError } from './failure.ts'
import { GrpcClient } from './grpc.ts'
import { SocketClient } from './http.ts'
import { PodmanBundles } from './podman-bundle.ts'

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
    all[kind].map(socket => open(kind, join(root, socket), root, connections, labelLimit)),
  )
}

function open(kind: EngineKind, socket: string, root: string, connections: number, labelLimit: number): Engine {
  if (kind === 'cri') {
    const client = new GrpcClient(socket)
    return {
      kind,
      socket,
      ...presence(socket, (watcher, signal) => watchCri(client, labelLimit, watcher, signal)),
      inspect: (id, signal) => inspectRuntime(client, id, labelLimit, signal),
      close: () => client.close(),
    }
  }
  const client = new SocketClient(socket, connections)
  const base = { kind, socket, close: () => client.close() }
  if (kind === 'docker') {
    return {
      ...base,
      ...presence(socket, (watcher, signal) => watchDocker(client, labelLimit, watcher, signal)),
      inspect: (id, signal) => inspectDocker(client, id, labelLimit, signal),
      withImage: (container, signal) => withDockerImage(client, container, signal),
    }
  }
  const bundles = new PodmanBundles(client, root)
  return {
    ...base,
    ...presence(socket, (watcher, signal) => {
      void bundles.locate()
      return watchPodman(client, labelLimit, watcher, signal)
    }),
    inspect: (id, signal) => inspectPodman(client, id, labelLimit, signal),
    peek: id => bundles.read(id),
    withImage: (container, signal) => withPodmanImage(client, container, signal),
  }
}

/** The engine is there if its socket is, or if we are connected: after a change of user the socket may be out of sight. */
function presence(
  socket: string,
  follow: NonNullable<Engine['watch']>,
): Pick<Engine, 'present'> & Required<Pick<Engine, 'watch'>> {
  let connected = false
  return {
    present: () => connected || existsSync(socket),
    watch: async (watcher, signal) => {
      const opened = () => {
        connected = true
        watcher.opened()
      }
      try {
        await follow({ ...watcher, opened }, signal)
      } finally {
        connected = false
      }
    },
  }
}

/** Through the container runtime interface; what it does not know (or does not run) may be containerd's own. @throws {LookupError} */
async function inspectRuntime(
  client: GrpcClient,
  id: string,
  labelLimit: number,
  signal: AbortSignal,
): Promise<Announced> {
  try {
    return await inspectCri(client, id, labelLimit, signal)
  } catch (error) {
    if (!(error instanceof LookupError) || (error.reason !== 'not-found' && error.reason !== 'bad-answer')) throw error
    try {
      return await inspectContainerd(client, id, labelLimit, signal)
    } catch (further) {
      // Of two failures the one that may pass counts; that there is no such service says nothing.
      throw further instanceof LookupError && further.reason === 'not-found' ? further : error
    }
  }
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
