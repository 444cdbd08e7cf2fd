import { concatenatePaths, TOO_LONG } from './paths.ts'

/**
 * Directories populated by the distribution and the administrator. Rules name files there; anyone who can write elsewhere
 * can redirect to them with a link, a mount or a changed root.
 */
const SYSTEM = /^\/(?:etc|root|boot|usr|bin|sbin|lib|lib32|lib64|libx32|opt|var)(?:\/|$)/
/** Directories among them that anyone may write to. */
const OPEN_TO_ALL = /^\/var\/(?:tmp|lock|run)(?:\/|$)/
/** Links created by distributions: /bin is usr/bin, /var/run is /run. */
const MERGED = /^\/(?:usr\/(?=(?:bin|sbin|lib|lib32|lib64|libx32)(?:\/|$))|var\/(?=run(?:\/|$)|lock(?:\/|$)))/
/** A process's own directory: the kernel resolves it to a path with the process id. */
const OWN = [
  [/^\/proc\/self\//, /^\/proc\/\d+\//],
  [/^\/proc\/thread-self\//, /^\/proc\/\d+\/task\/\d+\//],
] as const
const SHARED_LIBRARY = /^\/(?:usr\/)?lib[^/]*\/(?:.*\/)?[^/]+\.so(?:\.[^/]*)?$/

/**
 * The path by which rules know a file: `asked` is the path from the call's arguments (as in Falco), `resolved` the file
 * that the kernel opened. They differ because of links, mounts, a changed root or an unknown descriptor.
 *
 *   asked            resolved              known as
 *   <UNKNOWN>passwd  /etc/passwd           resolved   the starting directory is unknown
 *   /tmp/x           /etc/shadow           resolved   a link to a file that rules name
 *   /etc/shadow      /host/etc/shadow      asked      as in Falco: in a changed root, rules know the file by this name
 *   /lib/x.so        /usr/lib/x.so         asked      links found on every machine
 *   /proc/self/maps  /proc/7/maps          asked      as in Falco: rules distinguish a process's own directory from others
 *   /tmp/x           /tmp/y                resolved   the file that was opened
 */
export function knownAs(asked: string, resolved: string): string {
  if (asked === resolved) return asked
  const answer = ANSWERS.get(asked)
  if (answer !== undefined && answer.resolved === resolved) return answer.known
  const known = chooseName(asked, resolved)
  if (ANSWERS.size >= MAX_ANSWERS) ANSWERS.clear()
  ANSWERS.set(asked, { resolved, known })
  return known
}

/** The name of a file opened as `passed`. @param directory that it is relative to, ending with "/"; ignored if it is absolute */
export function nameOf(directory: string, passed: string, resolved: string): string {
  const asked = concatenatePaths(directory, passed)
  return resolved === '' ? asked : knownAs(asked, resolved)
}

/** What was chosen before: programs open the same libraries through the same links again and again. */
const ANSWERS = new Map<string, { readonly resolved: string; readonly known: string }>()
const MAX_ANSWERS = 1024

function chooseName(asked: string, resolved: string): string {
  if (isUsualLink(asked, resolved)) return asked
  if (!asked.startsWith('/') || asked === TOO_LONG) return resolved
  return isSystem(asked) && !isSystem(resolved) ? asked : resolved
}

/** Whether a directory known by a name is the one that the kernel says: links found on every machine, and a changed root, name it otherwise. */
export function isSamePlace(known: string, resolved: string): boolean {
  return resolved.endsWith(known) || isUsualLink(known, resolved)
}

/** Directories whose files rules name one by one. What lies below /var and /opt is given to containers by mounts. */
const NAMED_BY_RULES = /^\/(?:etc|root|boot|usr|bin|sbin|lib|lib32|lib64|libx32)(?:\/|$)/

/**
 * The path of a file that was reached through a mount; `known` is its path without regard to the mount. It is the path on the host, or
 * below the root of its container, if rules name the file by that and the used path does not look like one of those. So a bind mount of
 * /etc at /tmp/x hides nothing, while a container's volumes and its own /etc/hosts keep the names that they have in the container.
 */
export function knownThroughMount(known: string, named: string): string {
  return NAMED_BY_RULES.test(named) && !isSystem(known) ? named : known
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
