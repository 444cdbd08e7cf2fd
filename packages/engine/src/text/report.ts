import { CODES, type Location, type Problem } from './problem.ts'

/** The result of loading one file, as `falco -V` prints it. */
export interface FileResult {
  readonly name: string
  readonly schema: 'ok' | 'failed' | 'none'
  readonly schemaWarnings: readonly string[]
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** One location per line, from the outside in: `In rules content: (FILE:1:1)`. */
function context(locations: readonly Location[]): string {
  return locations
    .map(({ item_type, item_name, position }, i) => {
      const name = item_name === '' ? '' : ` '${item_name}'`
      return `${i === 0 ? 'In ' : '    '}${item_type}${name}: (${position.name}:${position.line}:${position.column})\n`
    })
    .join('')
}

/** A problem as Falco prints it: locations, snippet, code and message. */
export function formatProblem(problem: Problem): string {
  const { code, message, locations, snippet } = problem
  const shown = snippet === '' ? '<No context available>\n' : snippet
  return `${context(locations)}------\n${shown}------\n${code} (${CODES[code].short}): ${message}\n`
}

function verdict(result: FileResult): string {
  if (result.errors.length > 0) return `${result.name}: Invalid`
  return result.warnings.length > 0 ? `${result.name}: Ok, with warnings` : `${result.name}: Ok`
}

/** A file's verdict and all problems in full (Falco's verbose text). */
export function formatResult(result: FileResult): string {
  const block = (problems: readonly Problem[], title: string) =>
    problems.length === 0 ? '' : `\n${problems.length} ${title}:\n${problems.map(formatProblem).join('')}`
  return verdict(result) + block(result.errors, 'Errors') + block(result.warnings, 'Warnings')
}

/** A file's verdict and the codes of the problems (Falco's summary). */
export function formatSummary(result: FileResult): string {
  const block = (problems: readonly Problem[], title: string) => {
    const codes = problems.map(p => `${p.code} (${CODES[p.code].short})`).join(' ')
    return problems.length === 0 ? '' : `\n ${problems.length} ${title}: [${codes}]`
  }
  return verdict(result) + block(result.errors, 'errors') + block(result.warnings, 'warnings')
}

/** A file's result in the shape of an element of Falco's `falco_load_results`. */
export function resultToJSON(result: FileResult): Record<string, unknown> {
  const problem = (p: Problem) => ({
    code: p.code,
    codedesc: CODES[p.code].short,
    context: { locations: p.locations.map(({ length: _, ...location }) => location), snippet: p.snippet },
    message: p.message,
    ...(p.deprecated_field === undefined ? {} : { deprecated_field: p.deprecated_field }),
  })
  return {
    errors: result.errors.map(problem),
    name: result.name,
    schema_valid: result.schema,
    schema_warnings: result.schemaWarnings,
    successful: result.errors.length === 0,
    warnings: result.warnings.map(problem),
  }
}
