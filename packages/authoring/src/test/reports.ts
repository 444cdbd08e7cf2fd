import { data, property } from '../report/github.ts'
import { sarifLog } from '../report/sarif.ts'
import type { TestResult } from './rule-test.ts'

/** The results of one test file. */
export interface FileResults {
  readonly file: string
  readonly results: readonly TestResult[]
}

/** Prints results in a format; each ends with a line break. */
export const TEST_REPORTS: Readonly<Record<string, (files: readonly FileResults[]) => string>> = {
  text: files => each(files, textLines) + summary(files),
  json: files => each(files, jsonLine),
  tap,
  junit,
  github: files => each(files, annotation),
  sarif,
}

function each(files: readonly FileResults[], print: (file: string, result: TestResult) => string): string {
  return files.flatMap(({ file, results }) => results.map(result => print(file, result))).join('')
}

function textLines(file: string, { name, problems }: TestResult): string {
  if (problems.length === 0) return `ok    ${file}: ${name}\n`
  return `FAIL  ${file}: ${name}\n${problems.map(problem => `  ${problem}\n`).join('')}`
}

function summary(files: readonly FileResults[]): string {
  const all = files.flatMap(({ results }) => results)
  const failed = all.filter(({ problems }) => problems.length > 0).length
  return `${all.length} test${all.length === 1 ? '' : 's'}, ${failed === 0 ? 'all passed' : `${failed} failed`}\n`
}

function jsonLine(file: string, { name, problems }: TestResult): string {
  return `${JSON.stringify({ file, name, ok: problems.length === 0, problems })}\n`
}

/** Test Anything Protocol 14. */
function tap(files: readonly FileResults[]): string {
  const all = files.flatMap(({ file, results }) => results.map(result => ({ file, ...result })))
  const lines = all.map(({ file, name, problems }, i) => {
    const title = `${i + 1} - ${`${file}: ${name}`.replace(/[#\\]/g, '\\$&')}`
    if (problems.length === 0) return `ok ${title}\n`
    const text = problems.join('\n').replace(/^(?=.)/gm, '    ')
    return `not ok ${title}\n  ---\n  message: |\n${text}\n  ...\n`
  })
  return `TAP version 14\n1..${all.length}\n${lines.join('')}`
}

/** JUnit's XML, as CI systems read it: a suite for each file. */
function junit(files: readonly FileResults[]): string {
  const seconds = (took: number) => (took / 1000).toFixed(3)
  const suites = files.map(({ file, results }) => {
    const failed = results.filter(({ problems }) => problems.length > 0).length
    const time = seconds(results.reduce((sum, { took }) => sum + took, 0))
    const cases = results.map(({ name, problems, took }) => {
      const head = `    <testcase name="${xml(name)}" classname="${xml(file)}" time="${seconds(took)}"`
      if (problems.length === 0) return `${head}/>\n`
      const message = xml(problems[0]!.split('\n')[0]!)
      return `${head}>\n      <failure message="${message}">${xml(problems.join('\n'))}</failure>\n    </testcase>\n`
    })
    const counts = `tests="${results.length}" failures="${failed}" time="${time}"`
    return `  <testsuite name="${xml(file)}" ${counts}>\n${cases.join('')}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** Text and attribute values; characters that XML cannot hold are replaced. */
function xml(text: string): string {
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd').replace(/[<>&"]/g, char => ENTITIES[char]!)
}

function annotation(file: string, { name, line, problems }: TestResult): string {
  if (problems.length === 0) return ''
  const at = line === undefined ? '' : `line=${line},`
  return `::error file=${property(file)},${at}title=${property(name)}::${data(problems.join('\n'))}\n`
}

function sarif(files: readonly FileResults[]): string {
  const rules = [{ id: 'test-failed', shortDescription: { text: 'A test of a rule fails.' } }]
  const results = files.flatMap(({ file, results }) =>
    results
      .filter(({ problems }) => problems.length > 0)
      .map(({ name, line, problems }) => ({
        ruleId: 'test-failed',
        ruleIndex: 0,
        level: 'error' as const,
        message: { text: `${name}: ${problems.join('\n')}` },
        file,
        region: { startLine: line ?? 1 },
      })),
  )
  return sarifLog('falc test', rules, results)
}
