import { nearest } from '@falc/engine'
import { CliError } from '../fail.ts'

/** The rule of a name. @param where what was searched, for the message @throws {CliError} with the name that was probably meant */
export function findRule<R extends { readonly name: string }>(rules: readonly R[], name: string, where: string): R {
  const found = rules.find(rule => rule.name === name)
  if (!found) throw new CliError(`there is no rule "${name}" in ${where}${meant(name, rules)}`)
  return found
}

/** `: did you mean "X"?`, or nothing. */
export function meant(name: string, rules: readonly { readonly name: string }[]): string {
  const names = rules.map(rule => rule.name)
  // People rarely remember upper and lower case.
  const guess =
    names.find(one => one.toLowerCase() === name.toLowerCase()) ??
    nearest(name, names) ??
    (name.length < 4 ? undefined : names.find(one => one.toLowerCase().includes(name.toLowerCase())))
  return guess === undefined ? '' : `: did you mean "${guess}"?`
}
