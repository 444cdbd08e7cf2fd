declare module 'json-pointer' {
  /** The reference tokens of a pointer (RFC 6901), unescaped. Throws when it is neither empty nor starts with `/`. */
  export function parse(pointer: string): string[]
}
