/** Results as a table, JSON, lines of JSON, or CSV. The text of alerts may be an attacker's, so it is escaped for terminals and spreadsheets. */
import { once } from 'node:events'
import { print } from '../command.ts'
import { CliError } from '../fail.ts'
import { printable } from '../printable.ts'

export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const
export type Format = (typeof FORMATS)[number]

/** @throws {CliError} */
export function formatOf(format: string | undefined, json: boolean): Format {
  if (format === undefined) return json ? 'json' : 'table'
  const known = FORMATS.find(one => one === format)
  if (known === undefined) throw new CliError(`--format must be one of ${FORMATS.join(', ')}, not "${format}"`)
  return known
}

/** One line of a result. */
export interface Line {
  /** By column, in the order of the columns; null: absent. */
  readonly cells: readonly (string | null)[]
  /** The line as a JSON object. */
  readonly json: string
}

/** Column headings, and the least width of each in a table. The last column has any width. */
export type Columns = readonly (readonly [name: string, width: number])[]

/** Prints lines as they come. */
export async function printLines(
  format: Format,
  columns: Columns,
  lines: AsyncIterable<Line> | Iterable<Line>,
): Promise<void> {
  const writer = WRITERS[format](columns)
  await write(writer.head)
  let separator = ''
  for await (const line of lines) {
    await write(separator + writer.line(line))
    separator = writer.separator
  }
  await write(writer.foot)
}

interface Writer {
  readonly head: string
  readonly foot: string
  readonly separator: string
  line(line: Line): string
}

const WRITERS: Readonly<Record<Format, (columns: Columns) => Writer>> = {
  table: columns => ({
    ...{
      head: row(
        columns.map(([name]) => name.toUpperCase()),
        columns,
      ),
      foot: '',
      separator: '',
    },
    line: ({ cells }) =>
      row(
        cells.map(cell => printable(cell ?? '-')),
        columns,
      ),
  }),
  json: () => ({ head: '[', foot: ']\n', separator: ',\n', line: ({ json }) => json }),
  ndjson: () => ({ head: '', foot: '', separator: '', line: ({ json }) => `${json}\n` }),
  csv: columns => ({
    ...{ head: csv(columns.map(([name]) => name)), foot: '', separator: '' },
    line: ({ cells }) => csv(cells),
  }),
}

function row(cells: readonly string[], columns: Columns): string {
  const last = cells.length - 1
  return `${cells.map((cell, i) => (i === last ? cell : cell.padEnd(columns[i]![1]))).join('  ')}\n`
}

function csv(cells: readonly (string | null)[]): string {
  return `${cells.map(cell => csvCell(cell ?? '')).join(',')}\r\n`
}

/** RFC 4180. A spreadsheet takes a cell that begins like a formula for one: an apostrophe in front makes it text. */
function csvCell(cell: string): string {
  const text = printable(cell, '\n')
  const guarded = /^[=+\-@\t\r]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell) ? `'${text}` : text
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}

async function write(text: string): Promise<void> {
  if (text !== '' && !print(text)) await once(process.stdout, 'drain')
}
