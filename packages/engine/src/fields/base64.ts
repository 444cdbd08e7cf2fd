const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** By character code: the six bits, or -1. */
const BITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)))

/** The bytes of a base64 text (RFC 4648, standard alphabet; padding may be left out); undefined when it is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  let end = text.length
  while (end > 0 && end > text.length - 2 && text[end - 1] === '=') end--
  if (end < text.length && text.length % 4 !== 0) return undefined
  if (end % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((end * 3) / 4))
  let word = 0
  let at = 0
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    const six = code < 128 ? BITS[code]! : -1
    if (six < 0) return undefined
    word = ((word << 6) | six) & 0xffffff
    if (i % 4 === 1) bytes[at++] = (word >> 4) & 0xff
    else if (i % 4 === 2) bytes[at++] = (word >> 2) & 0xff
    else if (i % 4 === 3) bytes[at++] = word & 0xff
  }
  return bytes
}

/** Bytes as base64 text, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += ALPHABET[word >> 18]! + ALPHABET[(word >> 12) & 63]!
    text += i + 1 < bytes.length ? ALPHABET[(word >> 6) & 63]! : '='
    text += i + 2 < bytes.length ? ALPHABET[word & 63]! : '='
  }
  return text
}
