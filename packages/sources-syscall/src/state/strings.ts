/** Stand-in until event.ts has its own decoder. */
const utf8 = new TextDecoder()

/** The texts of a NUL-separated list; a trailing NUL ends the last one. */
export function splitStrings(bytes: Uint8Array): string[] {
  const out: string[] = []
  let from = 0
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0) continue
    out.push(utf8.decode(bytes.subarray(from, i)))
    from = i + 1
  }
  if (from < bytes.length) out.push(utf8.decode(bytes.subarray(from)))
  return out
}
