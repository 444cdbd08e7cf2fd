/** An error whose message is all that the user needs: printed as `Error: …`, exit code 1. */
export class CliError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CliError'
  }
}
