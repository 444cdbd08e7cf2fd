import { expect } from 'vitest'

/** An object without properties. In `toMatchObject`, a `{}` matches any object. */
export const EMPTY = expect.toSatisfy((value: object) => Object.keys(value).length === 0, 'it has properties')
