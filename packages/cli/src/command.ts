import { type Flags, type FlagValues, flagLines, parseFlags } from './flags.ts'
import { printable } from './printable.ts'

/** One subcommand. */
export interface Command<T extends Flags = Flags> {
  readonly name: string
  /** Arguments in the first line of the help. */
  readonly usage: string
  /** One or two lines. */
  readonly summary: string
  readonly flags: T
  /** Flags of earlier releases, with their replacements. */
  readonly former?: Readonly<Record<string, string>>
  /** Returns the exit code. @throws {CliError} */
  run(values: FlagValues<T>, positionals: readonly string[]): Promise<number> | number
}

/** Declares a command, its flags typed by their table. */
export function defineCommand<const T extends Flags>(command: Command<T>): Command<T> {
  return command
}

export const HELP = { short: 'h', help: 'Print this page' } as const

/** Parses the arguments of a command and runs it, or prints its help. */
export async function runCommand(command: Command<any>, args: readonly string[]): Promise<number> {
  const flags: Flags = { ...command.flags, help: HELP }
  const { values, positionals } = parseFlags(command.name, flags, args, command.former)
  if (values.help) {
    print(`Usage: falc ${command.name} ${command.usage}\n\n${command.summary}\n\n${flagLines(flags)}`)
    return 0
  }
  return command.run(values, positionals)
}

let guarded = false

/**
 * Writes a command's result to standard output; on a terminal only what is printable. Ends the program quietly when the
 * reader has gone (`falc list | head`). Alerts have their own output, which counts losses.
 * @returns false when the reader is behind: wait for `drain`
 */
export function print(text: string): boolean {
  if (!guarded) {
    guarded = true
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(0)
    })
  }
  return process.stdout.write(process.stdout.isTTY ? printable(text, '\n\t') : text)
}
