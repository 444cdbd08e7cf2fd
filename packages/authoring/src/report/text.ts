import { snippet } from '@falc/engine'
import type { Report } from './report.ts'

/** For people: place, code, message, the line with carets, what to do. */
export function textReport({ findings, files }: Report): string {
  return findings
    .map(({ place, severity, code, message, advice }) => {
      const source = files.get(place.file)
      const shown = source ? snippet(source, place).replace(/^(?=.)/gm, '  ') : ''
      const help = advice === undefined ? '' : `  ${advice}\n`
      return `${place.file}:${place.line}:${place.column}: ${severity} ${code}: ${message}\n${shown}${help}`
    })
    .join('\n')
}
