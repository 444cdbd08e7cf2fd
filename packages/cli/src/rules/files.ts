import { readFileSync, statSync } from 'node:fs'
import { yamlFiles } from '../config/files.ts'
import { CliError } from '../fail.ts'

/** A rules file as `Engine.load` takes it. */
export interface RulesFile {
  readonly name: string
  readonly content: string
}

/**
 * Reads rules files in the order given. A folder stands for its YAML files by name.
 * @param skip called for a path that does not exist; default: that is an error
 * @throws {CliError} when one cannot be read, or is not text
 */
export function readRules(paths: readonly string[], skip: (path: string) => void = notFound): RulesFile[] {
  return paths.flatMap(path => rulePaths(path, skip)).map(name => ({ name, content: readText(name) }))
}

function notFound(path: string): never {
  throw new CliError(`Could not find rules file or directory ${path}`)
}

function rulePaths(path: string, skip: (path: string) => void): string[] {
  // "-" is standard input, and /dev/fd/… is a pipe: whatever is not a folder is read as a file.
  if (path === '-') return ['-']
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory()) return yamlFiles(path)
  if (stats) return [path]
  skip(path)
  return []
}

function readText(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    throw new CliError(`Could not read rules file ${path}: ${(error as Error).message}`)
  }
  // No YAML has NUL bytes, and every executable, archive and capture does near its start.
  if (bytes.subarray(0, 4096).includes(0)) throw new CliError(`Could not read rules file ${path}: it is a binary file`)
  return bytes.toString('utf8')
}
