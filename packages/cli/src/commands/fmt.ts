import { writeFileSync } from 'node:fs'
import { FormatError, formatFile } from '@falc/authoring'
import { defineCommand, print } from '../command.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { readRules } from '../rules/files.ts'

export const formatRules = defineCommand({
  name: 'fmt',
  usage: 'PATH… [--check]',
  summary: 'Format rules files, preserving comments and meaning (docs/cli.md)',
  flags: {
    check: { help: 'Write nothing; list the files that would change, and exit with 1 if there are any' },
  },
  run({ check }, paths) {
    if (paths.length === 0) throw new CliError('fmt needs at least one file or folder (see falc fmt --help)')
    const files = readRules(paths)
    const changed = files.flatMap(({ name, content }) => {
      const text = formatted(name, content)
      if (name === '-') print(text)
      return text === content ? [] : [{ name, text }]
    })
    const written = changed.filter(({ name }) => name !== '-')
    for (const { name, text } of written) {
      if (!check) writeFileSync(name, text)
      print(`${name}\n`)
    }
    if (!paths.includes('-'))
      print(`${count(files.length, 'file')}, ${written.length} ${check ? 'would change' : 'formatted'}\n`)
    return check && written.length > 0 ? 1 : 0
  },
})

function formatted(name: string, content: string): string {
  try {
    return formatFile(content)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new CliError(`${name}:${error.line}:${error.column}: ${error.message}`)
  }
}
