/** A text that configuration came from: a file, or one `-o` option. */
export interface ConfigSource {
  readonly name: string
  readonly text: string
}

/** Where something was written. */
export interface ConfigPlace {
  readonly source: ConfigSource
  readonly offset: number
  readonly length: number
}

/** Wrong configuration; the message shows the place with a caret, if there is one. */
export class ConfigError extends Error {
  constructor(reason: string, place?: ConfigPlace) {
    super(place ? `${where(place)}: ${reason}\n${snippet(place)}` : reason)
    this.name = 'ConfigError'
  }
}

/** `file:line:column`, both from 1. */
export function where({ source, offset }: ConfigPlace): string {
  const before = source.text.slice(0, offset)
  const line = before.split('\n').length
  return `${source.name}:${line}:${offset - (before.lastIndexOf('\n') + 1) + 1}`
}

/** Columns of a line that are shown around the place. */
const WIDTH = 120

function snippet({ source, offset, length }: ConfigPlace): string {
  const { text } = source
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', start)
  const line = text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ')
  const column = offset - start
  const from = Math.max(0, column - WIDTH / 2)
  const shown = line.slice(from, from + WIDTH)
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - (column - from))))
  return `  ${shown}\n  ${' '.repeat(column - from)}${carets}`
}
