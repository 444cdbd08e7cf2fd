import { type CoveredPart, shareOf } from './coverage.ts'
import { htmlReport } from './html.ts'
import { linesOf } from './lines.ts'

/** Prints coverage in a format; each ends with a line break. @param read the text of a rules file */
export const COVERAGE_REPORTS: Readonly<
  Record<string, (parts: readonly CoveredPart[], read: (file: string) => string) => string>
> = {
  text: textReport,
  json: parts => parts.map(part => `${JSON.stringify(part)}\n`).join(''),
  lcov: lcovReport,
  html: htmlReport,
}

function textReport(parts: readonly CoveredPart[]): string {
  const lines = [...Map.groupBy(parts, ({ rule }) => rule)].flatMap(([rule, own]) => {
    const open = own.filter(({ covered }) => !covered)
    const head = `${percent(own)} ${rule}: ${own.length - open.length} of ${own.length} parts decide`
    return [
      head,
      ...open.map(({ kind, text, place }) => {
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        return `        ${kind} never decides: ${text}${where}`
      }),
    ]
  })
  return [...lines, `${percent(parts)} of all parts`].map(line => `${line}\n`).join('')
}

function percent(parts: readonly CoveredPart[]): string {
  return `${String(Math.floor(shareOf(parts) * 100)).padStart(3)} %`
}

function lcovReport(parts: readonly CoveredPart[]): string {
  const records = [...linesOf(parts)].map(([file, lines]) => {
    const rows = [...lines].map(([line, { isHit }]) => ({ line, hit: isHit ? 1 : 0 }))
    const hits = rows.filter(({ hit }) => hit).length
    const data = rows.map(({ line, hit }) => `DA:${line},${hit}\n`).join('')
    return `TN:\nSF:${file}\n${data}LF:${rows.length}\nLH:${hits}\nend_of_record\n`
  })
  return records.join('')
}
