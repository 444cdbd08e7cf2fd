import { CliError } from './fail.ts'

/**
 * Reads `PORT` or `HOST:PORT`.
 * @param what names the flag or key in the message
 * @throws {CliError}
 */
export function addressOf(text: string, what: string): { host: string; port: number } {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? []
  if (port === undefined || Number(port) > 65_535) throw new CliError(`${what} must be HOST:PORT, not "${text}"`)
  return { host: host || '127.0.0.1', port: Number(port) }
}
