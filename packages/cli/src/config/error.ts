import { type SourceText, snippet } from '@falc/engine'

/** A range in a text that configuration came from: a file, or one `-o` option. */
export interface ConfigPlace {
  readonly source: SourceText
  readonly offset: number
  readonly length: number
}

/** Invalid configuration. The message shows the place with a caret, if it is known. */
export class ConfigError extends Error {
  /** The message without its place. */
  readonly reason: string
  readonly place: ConfigPlace | undefined

  /** @param shown false: the line is not shown, since it may hold a secret */
  constructor(reason: string, place?: ConfigPlace, shown = true) {
    super(place ? `${where(place)}: ${reason}${shown ? excerpt(place) : ''}` : reason)
    this.name = 'ConfigError'
    this.reason = reason
    this.place = place
  }
}

/** `file:line:column`, both from 1. */
export function where({ source, offset }: ConfigPlace): string {
  const { line, column } = source.place(offset)
  return `${source.name}:${line}:${column}`
}

/** The line and its carets, indented; empty for an empty line. */
function excerpt({ source, offset, length }: ConfigPlace): string {
  const text = snippet(source, source.place(offset, length)).trimEnd()
  return text.replace(/^/gm, '  ').replace(/^(?=.)/, '\n')
}
