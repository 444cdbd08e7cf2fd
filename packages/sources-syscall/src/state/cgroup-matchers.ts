/** How container runtimes name a container's control groups: which path belongs to which container. */

/** Engines by the names of Falco's container plugin. */
export type ContainerEngine = 'podman' | 'docker' | 'cri' | 'containerd' | 'lxc' | 'libvirt_lxc' | 'bpm'

/** A container as its control group names it. */
export interface ContainerMatch {
  /** The id as Falco reports it: the first 12 of the runtime's 64 characters, or the runtime's own short name. */
  readonly id: string
  readonly fullId: string
  /** The runtime whose layout matched; if several share a layout (docker and CRI), the one that Falco tries first. */
  readonly runtime: string
}

/** systemd delegates the cgroups below user@UID.service to the user, who can create any name there. */
const USERS_PART = /\/user@(\d{1,10})\.service\//

/** The user whose cgroup subtree contains `path`; null = the system (or root). */
export function cgroupOwner(path: string): number | null {
  const uid = Number(USERS_PART.exec(path)?.[1] ?? 0)
  return uid === 0 ? null : uid
}

const ID_LENGTH = 64
const REPORTED_LENGTH = 12

/** [text before the id, text from the id to the end] */
type Layout = readonly (readonly [prefix: string, suffix: string])[]

const PODMAN: Layout = [
  ['/libpod-', '.scope'],
  ['/libpod-', '.scope/container'],
  ['/libpod-', ''],
]
const DOCKER: Layout = [
  ['/', ''],
  ['/docker-', '.scope'],
]
const CRI: Layout = [
  ['/', ''],
  ['/crio-', ''],
  ['/cri-containerd-', '.scope'],
  ['/crio-', '.scope'],
  [':cri-containerd:', ''],
  ['/docker-', '.scope'],
]
const LXC = ['/lxc/', '/lxc.payload/', '/lxc.payload.']

/** In Falco's order: the first that matches wins. */
const MATCHERS: readonly (readonly [engine: ContainerEngine, match: (path: string) => ContainerMatch | null])[] = [
  ['podman', path => hexId(path, PODMAN, 'podman')],
  ['docker', path => hexId(path, DOCKER, 'docker')],
  ['cri', path => hexId(path, CRI, 'cri')],
  ['containerd', containerd],
  ['lxc', lxc],
  ['libvirt_lxc', libvirt],
  ['bpm', bpm],
]

/**
 * Returns the container that a control group belongs to; null = the host.
 * @param engines the engines whose containers are recognized; null = all
 */
export function matchCgroup(path: string, engines: ReadonlySet<ContainerEngine> | null = null): ContainerMatch | null {
  for (const [engine, match] of MATCHERS) {
    if (engines !== null && !engines.has(engine)) continue
    const found = match(path)
    if (found !== null && found.id !== '') return found
  }
  return null
}

/** runc's layouts: 64 hexadecimal digits between a prefix and the end. */
function hexId(path: string, layout: Layout, runtime: string): ContainerMatch | null {
  for (const [prefix, suffix] of layout) {
    const from = path.lastIndexOf(prefix)
    const to = path.lastIndexOf(suffix)
    if (from < 0 || to < 0) continue
    const fullId = path.slice(from + prefix.length, to)
    if (fullId.length === ID_LENGTH && isHex(path, from + prefix.length)) {
      return { id: fullId.slice(0, REPORTED_LENGTH), fullId, runtime }
    }
  }
  return null
}

/** True if the path is hexadecimal from `start` up to where Falco stops checking: the 64th character of the path. */
function isHex(path: string, start: number): boolean {
  const stranger = path.slice(start).search(/[^0-9a-fA-F]/)
  return stranger < 0 || stranger + start >= ID_LENGTH
}

/**
 * Containers created with ctr: /NAMESPACE/ID, with an id of any form. Falco treats any two-element path as a container
 * unless it ends like a systemd unit. podman's conmon, the host process that accompanies each container, is excluded.
 */
function containerd(path: string): ContainerMatch | null {
  const namespace = /\/[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*\//.exec(path)?.[0]
  if (namespace === undefined || namespace === '/libpod_parent/') return null
  const fullId = path.slice(path.lastIndexOf(namespace) + namespace.length)
  if (fullId === '' || fullId.length > ID_LENGTH || /\.(service|slice|scope)$/.test(path)) return null
  return { id: fullId.slice(0, REPORTED_LENGTH), fullId, runtime: 'containerd' }
}

function lxc(path: string): ContainerMatch | null {
  for (const layout of LXC) {
    const at = path.indexOf(layout)
    if (at < 0) continue
    const id = path.slice(at + layout.length).split('/', 1)[0]!
    return { id, fullId: id, runtime: 'lxc' }
  }
  return null
}

function libvirt(path: string): ContainerMatch | null {
  const id =
    /\/([^/]*)\.libvirt-lxc$/.exec(path)?.[1] ??
    /-lxc\\x2.(.*?)\.scope(?:\/libvirt)?$/.exec(path)?.[1] ??
    /\/libvirt\/lxc\/(.*)$/.exec(path)?.[1]
  return id === undefined ? null : { id, fullId: id, runtime: 'libvirt-lxc' }
}

function bpm(path: string): ContainerMatch | null {
  const at = path.indexOf('bpm-')
  if (at < 0) return null
  const end = path.indexOf('.scope', at)
  const id = end < 0 ? path.slice(at + 4) : path.slice(at + 4, end)
  return /^[A-Za-z0-9._-]+$/.test(id) ? { id, fullId: id, runtime: 'bpm' } : null
}
