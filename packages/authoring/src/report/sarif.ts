import { CODES, type ProblemCode } from '@falc/engine'
import { CHECKS } from '../lint/list.ts'
import type { Report } from './report.ts'

const PAGES = 'https://github.com/falc-engine/falc/blob/main/docs/lint'

/** Something found, as SARIF has it. */
interface SarifResult {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: 'error' | 'warning'
  readonly message: { readonly text: string }
  readonly file: string
  readonly region: Readonly<Record<string, number>>
}

/** SARIF 2.1.0, as code hosts read it. @param tool its name @param rules descriptors of what it finds */
export function sarifLog(tool: string, rules: readonly unknown[], results: readonly SarifResult[]): string {
  const driver = { name: tool, informationUri: 'https://github.com/falc-engine/falc', rules }
  const located = results.map(({ file, region, ...result }) => ({
    ...result,
    locations: [{ physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region } }],
  }))
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results: located }],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

export function sarifReport({ findings }: Report): string {
  const codes = [...new Set(findings.map(({ code }) => code))]
  const results = findings.map(({ code, severity, message, advice, place }) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: advice ? `${message}. ${advice}` : message },
    file: place.file.replace(/#.*/, ''),
    region: {
      startLine: place.line,
      startColumn: place.column,
      charOffset: place.offset,
      charLength: place.length,
    },
  }))
  return sarifLog('falc lint', codes.map(descriptor), results)
}

function descriptor(code: string) {
  const check = CHECKS.find(one => one.code === code)
  const text = check?.summary ?? (Object.hasOwn(CODES, code) ? CODES[code as ProblemCode].long : code)
  return { id: code, shortDescription: { text }, helpUri: check ? `${PAGES}/${code}.md` : `${PAGES}/README.md` }
}
