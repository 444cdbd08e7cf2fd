import { TOO_LONG } from './paths.ts'

/**
 * Folders that a distribution and its administrator fill. Rules name files there; who may write elsewhere can place a link, a
 * mount or a changed root in front of them.
 */
const SYSTEM = /^\/(?:etc|root|boot|usr|bin|sbin|lib|lib32|lib64|libx32|opt|var)(?:\/|$)/
/** Within these, anyone may write. */
const OPEN_TO_ALL = /^\/var\/(?:tmp|lock|run)(?:\/|$)/
/** Links that distributions themselves have: /bin is usr/bin, /var/run is /run. */
const MERGED = /^\/(?:usr\/(?=(?:bin|sbin|lib|lib32|lib64|libx32)(?:\/|$))|var\/(?=run(?:\/|$)|lock(?:\/|$)))/
/** A process's own folder: what the kernel opened there is below its number. */
const OWN = [
  [/^\/proc\/self\//, /^\/proc\/\d+\//],
  [/^\/proc\/thread-self\//, /^\/proc\/\d+\/task\/\d+\//],
] as const
const SHARED_LIBRARY = /^\/(?:usr\/)?lib[^/]*\/(?:.*\/)?[^/]+\.so(?:\.[^/]*)?$/

/**
 * The path by which rules know a file: `asked` is where the call's arguments lead (as Falco has it), `resolved` what the kernel
 * opened. They differ where links, mounts, a changed root or a descriptor of unknown origin lie on the way.
 *
 *   asked            resolved              known as
 *   <UNKNOWN>passwd  /etc/passwd           resolved   it is not known where the call started
 *   /tmp/x           /etc/shadow           resolved   a link to a file that rules name
 *   /etc/shadow      /host/etc/shadow      asked      as Falco: from a changed root, rules know the file by this name
 *   /lib/x.so        /usr/lib/x.so         asked      links that every machine has
 *   /proc/self/maps  /proc/7/maps          asked      as Falco: rules tell a process's own folder from those of others
 *   /tmp/x           /tmp/y                resolved   what was opened
 */
export function knownAs(asked: string, resolved: string): string {
  if (asked === resolved || isUsualLink(asked, resolved)) return asked
  if (!asked.startsWith('/') || asked === TOO_LONG) return resolved
  return isSystem(asked) && !isSystem(resolved) ? asked : resolved
}

function isSystem(path: string): boolean {
  return SYSTEM.test(path) && !OPEN_TO_ALL.test(path)
}

function isUsualLink(asked: string, resolved: string): boolean {
  if (asked.replace(MERGED, '/') === resolved.replace(MERGED, '/')) return true
  for (const [own, numbered] of OWN) {
    if (own.test(asked) && numbered.test(resolved)) return asked.replace(own, '') === resolved.replace(numbered, '')
  }
  return SHARED_LIBRARY.test(asked) && SHARED_LIBRARY.test(resolved)
}
