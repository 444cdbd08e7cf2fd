/**
 * SCAP_MAX_PATH_SIZE: the maximum length in bytes of a path built by libsinsp. libsinsp checks the length of the input, so
 * "/./././…/etc/shadow" hides its target; here, the length of the result counts.
 */
const MAX_PATH = 1024
export const TOO_LONG = '/DIR_TOO_LONG/FILENAME_TOO_LONG'
const SLASH = 0x2f
const DOT = 0x2e

/**
 * `path` as seen from the directory `base`, which should end with "/", normalised as in libsinsp: only `path` is normalised;
 * `base` is copied unchanged, but "../" may climb into it. `base` is ignored if `path` is absolute or empty. Time is linear in
 * the two lengths.
 */
export function concatenatePaths(base: string, path: string): string {
  if (path === '') return ''
  const absolute = path.charCodeAt(0) === SLASH
  const whole = isNormal(path) ? (absolute ? path : base + path) : normalise(absolute ? '' : base, path)
  return isTooLong(whole) ? TOO_LONG : whole
}

/** Each of a text's units has one to three bytes. */
function isTooLong(path: string): boolean {
  if (path.length * 3 < MAX_PATH) return false
  return path.length >= MAX_PATH || byteLength(path) >= MAX_PATH
}

/** True if the path is already normal: no "//", no element that starts with a dot, no "/" at the end. */
function isNormal(path: string): boolean {
  const last = path.length - 1
  if (path.charCodeAt(last) === SLASH) return last === 0
  let slash = true
  for (let i = 0; i <= last; i++) {
    const c = path.charCodeAt(i)
    if (c === SLASH) {
      if (slash && i > 0) return false
      slash = true
    } else {
      if (slash && c === DOT) return false
      slash = false
    }
  }
  return true
}

function normalise(base: string, path: string): string {
  /** The part before the elements; ends with a slash if there are any elements. */
  let front = base
  /** Each element except the last ends with a slash. */
  const elements: string[] = []
  /** The next text starts a new element: the path so far is empty or ends with a slash. */
  let fresh = base === '' || base.endsWith('/')
  for (let at = 0; at < path.length; ) {
    if (path.charCodeAt(at) === SLASH) {
      at++
      // Climbing to the very start leaves nothing; the slash that follows must not make the path absolute again.
      if (fresh && (elements.length > 0 || front !== '' || base !== '')) continue
      if (elements.length > 0) elements.push(`${elements.pop()!}/`)
      else front += '/'
      fresh = true
      continue
    }
    const slash = path.indexOf('/', at)
    const end = slash < 0 ? path.length : slash
    const element = path.slice(at, end)
    if (fresh && (element === '.' || element === '..')) {
      if (element === '..' && elements.pop() === undefined) front = parentOf(front)
      at = end + 1
      continue
    }
    if (fresh) elements.push(element)
    else if (elements.length === 0) front += element
    else elements.push(elements.pop()! + element)
    fresh = false
    at = end
  }
  const out = front + elements.join('')
  return out.length > 1 && out.endsWith('/') ? out.slice(0, -1) : out
}

/** The path up to and with its last "/" but one; a path of one character is returned unchanged. */
function parentOf(path: string): string {
  return path.length <= 1 ? path : path.slice(0, path.lastIndexOf('/', path.length - 2) + 1)
}

function byteLength(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c >= 0x800 && (c < 0xd800 || c > 0xdfff)) length += 2
    else if (c >= 0x80) length += 1
  }
  return length
}

const DELETED = ' (deleted)'

/** The path without the kernel's mark of a file that is deleted. */
export function withoutDeleted(path: string): string {
  return path.length > DELETED.length && path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path
}
