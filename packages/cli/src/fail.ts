/** An error whose message is all that the user needs: printed as `Error: …`, exit code 1. */
export class CliError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CliError'
  }
}

/** A message without the code and the call of a failed system call: `none.scap: no such file or directory`. The path is not repeated. */
export function plainMessage(message: string): string {
  return message.replace(
    /\bE[A-Z]+: ([^,'\n]+), [a-z]+(?: '([^'\n]+)'|$)/g,
    (_, reason: string, path: string | undefined, at: number) =>
      path === undefined || message.slice(0, at).includes(path) ? reason : `${path}: ${reason}`,
  )
}

/** The error for a command without its subcommand, or with an unknown one. */
export function subcommandError(command: string, given: string | undefined, known: readonly string[]): CliError {
  const list = `the subcommands of falc ${command} are ${known.join(', ')}`
  return new CliError(given === undefined ? list : `unknown subcommand "${given}": ${list}`)
}
