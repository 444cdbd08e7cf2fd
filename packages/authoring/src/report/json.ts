import type { Report } from './report.ts'

/** One object per line. */
export function jsonReport({ findings }: Report): string {
  return findings
    .map(({ code, severity, place: { file, line, column, length }, message, advice, fix }) =>
      JSON.stringify({
        file,
        line,
        column,
        length,
        code,
        severity,
        message,
        ...(advice && { advice }),
        ...(fix && { fix: fix.grade }),
      }),
    )
    .map(line => `${line}\n`)
    .join('')
}
