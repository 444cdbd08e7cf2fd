import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findNative, LiveError, loadAddon, openEngines, WIRE_VERSION } from '@falc/sources-syscall'
import { type Finding, found, missing, optional } from '../machine/finding.ts'

/** The socket of the service in deploy/systemd. */
export const SERVICE_SOCKET = '/run/falc/probe.sock'
/** Folders in root's PATH that may be missing in others'. */
const SYSTEM_PATH = ['/usr/sbin', '/sbin']

export function partFindings(): Finding[] {
  const native = [sidecar(), addon()]
  const built = native.every(({ state }) => state === 'ok')
  return [...native, ...(built ? [] : builders()), service(), containers()]
}

function sidecar(): Finding {
  const name = 'sidecar'
  try {
    const path = findNative('probe')
    const version = execFileSync(path, ['--version'], { encoding: 'utf8', timeout: 5000 }).trim()
    const wire = /wire version (\d+)/.exec(version)?.[1]
    if (wire !== undefined && Number(wire) !== WIRE_VERSION)
      return missing(
        name,
        `${path} has protocol version ${wire}, this engine ${WIRE_VERSION}`,
        'install the same version of both',
      )
    return found(name, `${path} (${version})`)
  } catch (error) {
    return absent(name, error)
  }
}

function addon(): Finding {
  const name = 'addon'
  try {
    loadAddon()
    return found(name, findNative('addon'))
  } catch (error) {
    return absent(name, error)
  }
}

function absent(name: string, error: unknown): Finding {
  const { message } = error as Error
  const known = error instanceof LiveError && error.code === 'not-installed'
  return missing(
    name,
    message,
    known
      ? `npm install @falc/probe-${process.platform}-${process.arch}   (in a checkout: pnpm build:native)`
      : 'rebuild it: pnpm build:native',
  )
}

function service(): Finding {
  const name = 'sidecar service'
  if (!existsSync(SERVICE_SOCKET)) {
    const detail = `${SERVICE_SOCKET} does not exist: falc run starts its own sidecar, which needs root`
    return optional(name, detail, 'systemctl enable --now falc-probe   (docs/install.md)')
  }
  try {
    accessSync(SERVICE_SOCKET, constants.R_OK | constants.W_OK)
    return found(name, SERVICE_SOCKET)
  } catch {
    return optional(name, `this user may not open ${SERVICE_SOCKET}`, 'sudo usermod -aG falc $USER')
  }
}

/** Tools that build the native parts. The platform's package makes that unnecessary. */
function builders(): Finding[] {
  return [
    program('clang', ['clang-19', 'clang', 'clang-18', 'clang-17'], 'apt-get install clang-19'),
    program('bpftool', ['bpftool'], 'apt-get install bpftool libbpf-dev'),
  ]
}

function program(name: string, names: readonly string[], remedy: string): Finding {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_PATH]
  const path = names.flatMap(file => folders.map(folder => join(folder, file))).find(existsSync)
  return path === undefined ? optional(`to build: ${name}`, 'not in PATH', remedy) : found(`to build: ${name}`, path)
}

function containers(): Finding {
  const name = 'container engines'
  const sockets = openEngines().system.filter(engine => engine.present())
  const open = sockets.filter(({ socket }) => canUse(socket))
  if (open.length > 0) return found(name, open.map(({ kind, socket }) => `${kind} at ${socket}`).join(', '))
  if (sockets.length > 0)
    return optional(
      name,
      `${sockets.map(({ socket }) => socket).join(', ')}: not accessible to this user`,
      "join the socket's group, or run as root",
    )
  return optional(
    name,
    'no socket of docker, podman, containerd or CRI-O: containers have ids, but neither names nor images',
    'systemctl enable --now podman.socket   (or the engine that you use)',
  )
}

function canUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
