/** Bodies of requests: JSON objects, whose keys are in a table. */
import { badRequest } from '../failure.ts'

/** Checks the value of a key. @throws {Refused} */
export type Field = (value: unknown, name: string) => unknown

/** Characters. */
export const NAME = 200
export const LONG = 1000
export const LONGER = 4096

export const text =
  (most: number): Field =>
  (value, name) => {
    if (typeof value !== 'string' || value.length > most)
      throw badRequest(`${name} is a text of at most ${most} characters`)
    return value
  }

export const oneOf =
  (values: readonly string[]): Field =>
  (value, name) => {
    if (!values.includes(value as string)) throw badRequest(`${name} is one of ${values.join(', ')}`)
    return value
  }

export const listOf =
  (field: Field, most: number): Field =>
  (value, name) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > most)
      throw badRequest(`${name} is a list of 1 to ${most}`)
    return value.map(one => field(one, name))
  }

export const object =
  (fields: Readonly<Record<string, Field>>): Field =>
  (value, name) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(`${name} is an object`)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        if (!Object.hasOwn(fields, key))
          throw badRequest(`${name} has no key ${key.slice(0, 40)}: ${Object.keys(fields).join(', ')}`)
        return [key, fields[key]!(one, key)]
      }),
    )
  }

/** @throws {Refused} for what is no JSON, and for keys that there are not */
export function bodyOf<T>(body: Buffer, fields: Readonly<Record<string, Field>>): T {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw badRequest('the body is not JSON')
  }
  return object(fields)(value, 'the body') as T
}
