import { existsSync } from 'node:fs'
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
import { canConnectAs, connectorAs } from './user-socket.ts'

/** Engine sockets by protocol. Default: the engines' usual paths. */
export type EngineSockets = Readonly<Record<EngineKind, readonly string[]>>

const DEFAULT_SOCKETS: EngineSockets = {
  docker: ['/var/run/docker.sock'],
  podman: ['/run/podman/podman.sock'],
  cri: ['/run/containerd/containerd.sock', '/run/crio/crio.sock', '/run/k3s/containerd/containerd.sock'],
}

/**
 * The engines that may know a container, most likely first, by the layout of its control group. The layouts of docker and of
 * the container runtime interface are alike.
 */
const ASKED: Readonly<Record<string, readonly EngineKind[]>> = {
  podman: ['podman'],
  docker: ['docker', 'cri', 'podman'],
  cri: ['cri', 'docker'],
  containerd: ['cri'],
}

/** Socket paths of rootless engines, relative to /run/user/UID. */
const USERS_SOCKETS = { podman: 'podman/podman.sock', docker: 'docker.sock' } as const
const USERS_SOCKET = /^\/(?:var\/)?run\/user\/(\d{1,10})\//
/** Maximum number of users whose engines are open at the same time; beyond that, the oldest user's are closed. */
const MAX_USERS = 8

/** The container engines of a machine: those of the system, and each user's own, opened when a container of that user is seen. */
export class Engines {
  readonly system: readonly Engine[]
  readonly #ofUser: (uid: number) => readonly Engine[]
  readonly #users = new Map<number, readonly Engine[]>()

  constructor(system: readonly Engine[], ofUser: (uid: number) => readonly Engine[] = () => []) {
    this.system = system
    this.#ofUser = ofUser
  }

  /**
   * The engines that may know a container, most likely first. A user can choose the names of their own control groups. So a container there
   * is looked up only in that user's engines, and these are used for no other container.
   * @param runtime whose layout the container's control group has
   */
  knowing(runtime: string, owner: number | null): Engine[] {
    const kinds = ASKED[runtime] ?? []
    const engines = owner === null ? this.system : this.#of(owner)
    return kinds.flatMap(kind => engines.filter(engine => engine.kind === kind))
  }

  close(): void {
    for (const engines of [this.system, ...this.#users.values()]) for (const engine of engines) engine.close()
    this.#users.clear()
  }

  #of(uid: number): readonly Engine[] {
    let engines = this.#users.get(uid)
    if (engines === undefined) {
      const [first] = this.#users
      if (this.#users.size >= MAX_USERS && first !== undefined) {
        for (const engine of first[1]) engine.close()
        this.#users.delete(first[0])
      }
      this.#users.set(uid, (engines = this.#ofUser(uid)))
    }
    return engines
  }
}

/**
 * @param connections maximum number of concurrent connections to each engine that speaks HTTP
 * @param root where the host's files are mounted (Falco's HOST_ROOT, /host in a pod)
 */
export function openEngines(
  sockets: Partial<EngineSockets> = {},
  connections = 4,
  root = process.env.HOST_ROOT ?? '',
  labelLimit = LABEL_MAX_LENGTH,
): Engines {
  const kinds = Object.keys(DEFAULT_SOCKETS) as EngineKind[]
  const all = { ...DEFAULT_SOCKETS, ...sockets }
  const system = kinds.flatMap(kind =>
    all[kind]
      .filter(socket => !USERS_SOCKET.test(socket))
      .map(socket => open(kind, join(root, socket), root, connections, labelLimit)),
  )
  return new Engines(system, uid =>
    (Object.keys(USERS_SOCKETS) as (keyof typeof USERS_SOCKETS)[]).flatMap(kind => {
      const named = sockets[kind]?.filter(socket => USERS_SOCKET.exec(socket)?.[1] === String(uid))
      const paths = named ?? [`/run/user/${uid}/${USERS_SOCKETS[kind]}`]
      return paths.map(socket => openUsers(kind, join(root, socket), uid, labelLimit))
    }),
  )
}

/** A user's own engine. It is queried but not watched: its containers are recognized without its announcements. */
function openUsers(kind: keyof typeof USERS_SOCKETS, socket: string, uid: number, labelLimit: number): Engine {
  const client = new SocketClient(socket, 1, connectorAs(uid, socket))
  const inspect = kind === 'docker' ? inspectDocker : inspectPodman
  return {
    kind,
    socket,
    owner: uid,
    present: () => canConnectAs(uid),
    inspect: (id, signal) => inspect(client, id, labelLimit, signal),
    close: () => client.close(),
  }
}

function open(kind: EngineKind, socket: string, root: string, connections: number, labelLimit: number): Engine {
  if (kind === 'cri') {
    const client = new GrpcClient(socket)
    return {
      kind,
      socket,
      owner: null,
      ...presence(socket, (watcher, signal) => watchCri(client, labelLimit, watcher, signal)),
      inspect: (id, signal) => inspectRuntime(client, id, labelLimit, signal),
      close: () => client.close(),
    }
  }
  const client = new SocketClient(socket, connections)
  const base = { kind, socket, owner: null, close: () => client.close() }
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

/** The engine is present if its socket exists or a watch is connected: after a change of user the socket may be inaccessible. */
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

/** Tries the container runtime interface, then containerd's own if the former is missing or does not know the container. @throws {LookupError} */
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
      // Prefer the failure that may be temporary; a missing containerd service says nothing about the container.
      throw further instanceof LookupError && further.reason === 'not-found' ? further : error
    }
  }
}
