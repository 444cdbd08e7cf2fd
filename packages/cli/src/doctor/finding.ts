/** What one look at the machine gave. */
export interface Finding {
  readonly name: string
  /** `optional`: something is missing that live capture can do without. */
  readonly state: 'ok' | 'optional' | 'missing'
  readonly detail: string
  /** The command, or the words, that mend it. */
  readonly mend?: string
}

export function found(name: string, detail: string): Finding {
  return { name, state: 'ok', detail }
}

export function missing(name: string, detail: string, mend: string): Finding {
  return { name, state: 'missing', detail, mend }
}

export function optional(name: string, detail: string, mend: string): Finding {
  return { name, state: 'optional', detail, mend }
}
