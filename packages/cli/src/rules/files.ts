import { yamlFiles } from '../config/files.ts'
import { CliError } from '../fail.ts'
import { kindOf, readFile } from '../read-file.ts'

/** Test files: read by `falc test`, and skipped in a folder of rules. */
export function isTestFile(path: string): boolean {
  return /\.test\.ya?ml$/.test(path)
}

/** A rules file as `Engine.load` takes it. */
export interface RulesFile {
  readonly name: string
  readonly content: string
}

/**
 * Reads rules files in the order given. A folder means its YAML files in the order of names, without tests.
 * @param skip called for a path that does not exist; default: that is an error
 * @param pipes what was read from standard input and pipes before: they give their text only once, and a reload needs it again
 * @throws {CliError} when one cannot be read, or is not text
 */
export function readRules(
  paths: readonly string[],
  skip: (path: string) => void = notFound,
  pipes = new Map<string, string>(),
): RulesFile[] {
  return paths
    .flatMap(path => rulePaths(path, skip))
    .map(name => {
      const content = pipes.get(name) ?? readText(name)
      if (name === '-' || kindOf(name) === 'pipe') pipes.set(name, content)
      return { name, content }
    })
}

function notFound(path: string): never {
  throw new CliError(`Could not find rules file or directory ${path}`)
}

function rulePaths(path: string, skip: (path: string) => void): string[] {
  // "-" is standard input, and /dev/fd/… is a pipe: whatever is not a folder is read as a file.
  if (path === '-') return ['-']
  switch (kindOf(path)) {
    case undefined:
      skip(path)
      return []
    case 'folder':
      return filesIn(path)
    default:
      return [path]
  }
}

function filesIn(folder: string): string[] {
  try {
    // Tests may lie beside the rules.
    return yamlFiles(folder).filter(path => !isTestFile(path))
  } catch (error) {
    throw new CliError(`Could not read rules folder ${folder}: ${(error as Error).message}`)
  }
}

function readText(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFile(path === '-' ? 0 : path)
  } catch (error) {
    throw new CliError(`Could not read rules file ${path}: ${(error as Error).message}`)
  }
  // No YAML has NUL bytes, and every executable, archive and capture does near its start.
  if (bytes.subarray(0, 4096).includes(0)) throw new CliError(`Could not read rules file ${path}: it is a binary file`)
  return bytes.toString('utf8')
}
