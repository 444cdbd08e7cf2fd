/** Bytes as text: printable ASCII unchanged, anything else as a dot. */
export function dottedText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  }
  return text
}

/** Formats the bytes that a call read or wrote. */
export type BytesText = (bytes: Uint8Array) => string
