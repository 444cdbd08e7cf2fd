/** Why a request is not answered: a status, and a code and a sentence for whoever asked. Anything else that goes wrong is an error of the console. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

export const badRequest = (message: string) => new Refused(400, 'invalid', message)
