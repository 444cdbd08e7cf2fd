/** Bytes as text: printable ASCII as it is, anything else a dot. */
export function dottedText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  }
  return text
}

/** How bytes that a call read or wrote are shown. */
export type BytesText = (bytes: Uint8Array) => string
