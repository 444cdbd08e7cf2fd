import type { AlertData } from '@falc/engine'
import { OutputError } from '../model/output.ts'
import type { TransportContext } from '../model/transport.ts'

/**
 * A template for the name of a place: an index, a tenant, a prefix of keys. It begins with literal text, so that no alert can choose
 * another place than one of these, and what fields contribute keeps to letters, digits, `-` and `_`.
 * @param option its name among the output's options
 * @throws {OutputError} when it begins with a field, or is malformed
 */
export function confined(
  text: string,
  output: string,
  option: string,
  template: TransportContext['template'],
): (alert: AlertData) => string {
  if (!text.includes('%')) return () => text
  if (text.startsWith('%'))
    throw new OutputError(option, `${output}: ${option} must begin with text, not with a field`, 'misconfigured')
  return template(text, value => value.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64) || '_')
}
