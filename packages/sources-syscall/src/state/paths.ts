/** SCAP_MAX_PATH_SIZE: no path that libsinsp makes is longer. */
const MAX_PATH = 1024
const TOO_LONG = '/DIR_TOO_LONG/FILENAME_TOO_LONG'
const SLASH = 0x2f
const DOT = 0x2e

/**
 * `path` as seen from the directory `base`, which should end with "/", normalised as libsinsp does it: only `path` is looked at,
 * `base` is copied as it is, but "../" may climb into it. An absolute or empty `path` stands alone.
 */
export function concatenatePaths(base: string, path: string): string {
  if (base.length + path.length >= MAX_PATH / 4 && byteLength(base) + byteLength(path) + 1 > MAX_PATH) return TOO_LONG
  if (path === '') return ''
  const absolute = path.charCodeAt(0) === SLASH
  if (isNormal(path)) return absolute ? path : base + path
  return normalise(absolute ? '' : base, path)
}

/** Nothing to do: no "//", no element that starts with a dot, no "/" at the end. */
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
  let out = base
  let at = 0
  while (at < path.length) {
    const c = path.charCodeAt(at)
    const atElement = out === '' || out.charCodeAt(out.length - 1) === SLASH
    if (c === SLASH) {
      // A climb to the very start leaves nothing; the slash behind it must not make the path absolute again.
      if (!(atElement && (out !== '' || base !== ''))) out += '/'
      at++
      continue
    }
    let end = path.indexOf('/', at)
    if (end < 0) end = path.length
    const element = path.slice(at, end)
    if (atElement && element === '.') at = end + 1
    else if (atElement && element === '..') {
      out = parentOf(out)
      at = end + 1
    } else {
      out += element
      at = end
    }
  }
  return out.length > 1 && out.charCodeAt(out.length - 1) === SLASH ? out.slice(0, -1) : out
}

/** The path up to and with its last "/" but one; a path of one character stays. */
function parentOf(path: string): string {
  if (path.length <= 1) return path
  let end = path.length - 1
  while (end >= 1 && path.charCodeAt(end - 1) !== SLASH) end--
  return path.slice(0, end)
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
