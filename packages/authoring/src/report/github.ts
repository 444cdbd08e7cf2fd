import type { Report } from './report.ts'

/** Annotations of GitHub Actions (workflow commands `::error file=…`). */
export function githubReport({ findings }: Report): string {
  return findings
    .map(({ place, severity, code, message, advice }) => {
      const { file, line, column, length } = place
      const at = `file=${property(file.replace(/#.*/, ''))},line=${line},col=${column},endColumn=${column + length},title=${code}`
      return `::${severity} ${at}::${data(advice ? `${message}. ${advice}` : message)}\n`
    })
    .join('')
}

/** The message of a workflow command. */
export function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** A property of a workflow command. */
export function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
