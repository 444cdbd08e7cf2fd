/**
 * The first value of a query parameter; undefined when it is missing, or when the query is malformed (a bad escape, a
 * semicolon) by the rules of Go's net/url. `+` is a space.
 */
export function queryValue(uri: string, key: string): string | undefined {
  const hash = uri.indexOf('#')
  const whole = hash < 0 ? uri : uri.slice(0, hash)
  const mark = whole.indexOf('?')
  if (mark < 0) return undefined
  let value: string | undefined
  for (const pair of whole.slice(mark + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    const text = decoded(equals < 0 ? '' : pair.slice(equals + 1))
    if (pair.includes(';') || name === undefined || text === undefined) return undefined
    if (name === key) value ??= text
  }
  return value
}

/** Percent-decoding; bytes that are not UTF-8 become U+FFFD. undefined for a bad escape. */
function decoded(text: string): string | undefined {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    if (/%(?![0-9a-fA-F]{2})/.test(spaced)) return undefined
    const bytes: number[] = []
    const encoded = new TextEncoder().encode(spaced)
    for (let i = 0; i < encoded.length; i++) {
      if (encoded[i] !== 0x25) bytes.push(encoded[i]!)
      else {
        bytes.push(Number.parseInt(String.fromCharCode(encoded[i + 1]!, encoded[i + 2]!), 16))
        i += 2
      }
    }
    return new TextDecoder().decode(Uint8Array.from(bytes))
  }
}
