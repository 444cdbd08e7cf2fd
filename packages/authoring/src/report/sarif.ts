import { CODES, type ProblemCode } from '@falc/engine'
import { CHECKS } from '../lint/list.ts'
import type { Report } from './report.ts'

const PAGES = 'https://github.com/falc-engine/falc/blob/main/docs/lint'

/** SARIF 2.1.0, as code hosts read it. */
export function sarifReport({ findings }: Report): string {
  const codes = [...new Set(findings.map(({ code }) => code))]
  const results = findings.map(({ code, severity, message, advice, place }) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: advice ? `${message}. ${advice}` : message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(place.file.replace(/#.*/, '')) },
          region: {
            startLine: place.line,
            startColumn: place.column,
            charOffset: place.offset,
            charLength: place.length,
          },
        },
      },
    ],
  }))
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'falc lint',
            informationUri: 'https://github.com/falc-engine/falc',
            rules: codes.map(descriptor),
          },
        },
        columnKind: 'utf16CodeUnits',
        results,
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function descriptor(code: string) {
  const check = CHECKS.find(one => one.code === code)
  const text = check?.summary ?? (Object.hasOwn(CODES, code) ? CODES[code as ProblemCode].long : code)
  return { id: code, shortDescription: { text }, helpUri: check ? `${PAGES}/${code}.md` : `${PAGES}/README.md` }
}
