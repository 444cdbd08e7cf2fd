/** The result of one check of the machine. */
export interface Finding {
  readonly name: string
  /** `optional`: something is missing that falc works without. */
  readonly state: 'ok' | 'optional' | 'missing'
  readonly detail: string
  /** The command, or the words, that fix it. */
  readonly remedy?: string
  /** Of a certificate: whole days until it expires; negative: it has expired. */
  readonly days?: number
}

export function found(name: string, detail: string): Finding {
  return { name, state: 'ok', detail }
}

export function missing(name: string, detail: string, remedy: string): Finding {
  return { name, state: 'missing', detail, remedy }
}

export function optional(name: string, detail: string, remedy: string): Finding {
  return { name, state: 'optional', detail, remedy }
}
