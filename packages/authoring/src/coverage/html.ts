import { type CoveredPart, shareOf } from './coverage.ts'
import { linesOf } from './lines.ts'

const STYLE = `:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
td { padding: 0 1rem 0 0 } td:first-child { text-align: right }
pre { line-height: 1.35; overflow-x: auto }
pre b { font-weight: normal; opacity: .5; user-select: none }
.hit { background: light-dark(#d9f2dd, #12381c) } .miss { background: light-dark(#fbdcdc, #541c1c) }`

/** A page that needs nothing else: the share of each rule, then the rules files with their lines marked. */
export function htmlReport(parts: readonly CoveredPart[], read: (file: string) => string): string {
  const rules = [...Map.groupBy(parts, ({ rule }) => rule)].map(
    ([rule, own]) => `<tr><td>${percent(own)}</td><td>${escaped(rule)}</td></tr>\n`,
  )
  const files = [...linesOf(parts)].map(([file, lines]) => {
    const rows = read(file)
      .split('\n')
      .map((text, i) => {
        const line = lines.get(i + 1)
        const number = `<b>${String(i + 1).padStart(5)}${line && !line.isHit ? '!' : ' '}</b> `
        if (!line) return `${number}${escaped(text)}`
        const title = line.isHit ? '' : ` title="${escaped(`never decides: ${line.open.join('; ')}`)}"`
        return `${number}<span class="${line.isHit ? 'hit' : 'miss'}"${title}>${escaped(text)}</span>`
      })
    return `<h2>${escaped(file)}</h2>\n<pre>${rows.join('\n')}</pre>\n`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Coverage of rules</title>
<style>
${STYLE}
</style>
<h1>${percent(parts)} of all parts decide</h1>
<table>
${rules.join('')}</table>
${files.join('')}</html>
`
}

function percent(parts: readonly CoveredPart[]): string {
  return `${Math.floor(shareOf(parts) * 100)} %`
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, char => ENTITIES[char]!)
}
