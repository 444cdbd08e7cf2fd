/** The part of the Encoding standard that the engine uses, declared here since no type library is loaded. Node and browsers have it. */
declare class TextEncoder {
  encode(text: string): Uint8Array
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A lone surrogate in this range represents the raw byte in its low 8 bits, so that text that is not UTF-8 keeps its bytes. */
const RAW_BYTE = /[\udc80-\udcff]/
/** A raw byte's surrogate. After a high surrogate it would be part of an ordinary character. */
const LONE_RAW_BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/

/** True if `text` contains bytes that are not UTF-8 (lone surrogates U+DC80…U+DCFF). */
export function hasRawBytes(text: string): boolean {
  return RAW_BYTE.test(text) && LONE_RAW_BYTE.test(text)
}

/** UTF-8 bytes of a text; a lone surrogate U+DC80…U+DCFF becomes the byte that it represents. */
export function textToBytes(text: string): Uint8Array {
  if (!hasRawBytes(text)) return encoder.encode(text)
  const bytes: number[] = []
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code & 0xff)
    else for (const byte of encoder.encode(char)) bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

/** Writes a text as UTF-8 to memory that has room for it; lone surrogates become U+FFFD. @returns bytes written */
export function encodeInto(text: string, bytes: Uint8Array): number {
  return encoder.encodeInto(text, bytes).written
}

/** The text of UTF-8 bytes; a byte that belongs to no character becomes a lone surrogate U+DC80…U+DCFF. */
export function bytesToText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return decodeLoosely(bytes)
  }
}

/** Character by character. The first byte of an ill-formed sequence becomes a raw byte; decoding continues after it. */
function decodeLoosely(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!
    const size =
      first < 0x80
        ? 1
        : first >= 0xc2 && first < 0xe0
          ? 2
          : first >= 0xe0 && first < 0xf0
            ? 3
            : first >= 0xf0 && first < 0xf5
              ? 4
              : 0
    const char = size === 0 || i + size > bytes.length ? undefined : decodeOne(bytes.subarray(i, i + size))
    text += char ?? String.fromCharCode(0xdc00 | first)
    i += char === undefined ? 1 : size
  }
  return text
}

function decodeOne(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}
