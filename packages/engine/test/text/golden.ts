import { readFileSync, writeFileSync } from 'node:fs'

/** With UPDATE_CASES=1, expected texts are written instead of compared. */
export const UPDATE = process.env.UPDATE_CASES === '1'

/** The expected text of a file, after writing it when texts are to be updated. */
export function golden(file: URL, actual: string): string {
  if (UPDATE) writeFileSync(file, actual)
  return readFileSync(file, 'utf8')
}

/** One case of a file: `# name`, lines of input, `==>`, lines of output. */
export interface Case {
  readonly name: string
  readonly input: string
  readonly output: string
}

export function readCases(file: URL): Case[] {
  return readFileSync(file, 'utf8')
    .split(/^# /m)
    .slice(1)
    .map(part => {
      const [, name, input, output] = /^(.*)\n([\s\S]*?)\n?==>\n?([\s\S]*)$/.exec(part)!
      return { name: name!, input: input!, output: output!.trim() }
    })
}

/** Writes a file of cases with new outputs. */
export function writeCases(file: URL, cases: readonly Case[]): void {
  writeFileSync(file, cases.map(({ name, input, output }) => `# ${name}\n${input}\n==>\n${output}\n`).join('\n'))
}
