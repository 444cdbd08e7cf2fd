import { readFileSync, statSync } from 'node:fs'
import { yamlFiles } from '../config/files.ts'
import { CliError } from '../fail.ts'

/** A rules file as `Engine.load` takes it. */
export interface RulesFile {
  readonly name: string
  readonly content: string
}

/**
 * Reads rules files in the order given; a folder stands for its YAML files by name.
 * @throws {CliError} when one cannot be read
 */
export function readRules(paths: readonly string[]): RulesFile[] {
  return paths.flatMap(rulePaths).map(name => ({ name, content: readText(name) }))
}

function rulePaths(path: string): string[] {
  // "-" is standard input, /dev/fd/… a pipe: anything that is no folder is read as a file.
  if (path === '-') return ['-']
  const kind = statSync(path, { throwIfNoEntry: false })
  if (!kind) throw new CliError(`Could not find rules file or directory ${path}`)
  return kind.isDirectory() ? yamlFiles(path) : [path]
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new CliError(`Could not read rules file ${path}: ${(error as Error).message}`)
  }
}
