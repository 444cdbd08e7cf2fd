/** What a part of a URL stands for. A `%` that begins no code, as URLs allow it in a password, is itself: then nothing is decoded. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
