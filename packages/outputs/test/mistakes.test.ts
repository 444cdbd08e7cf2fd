/** Wrong arguments from a program: the error says what was expected. */
import { expect, test } from 'vitest'
import { Delivery, defineTransport, falcoJson, StdoutOutput } from '../src/index.ts'

const format = falcoJson()

test.each([
  [
    'a missing target',
    () => new Delivery(undefined!, { format }),
    'new Delivery: expected a target with name, batch and open()',
  ],
  [
    'a target without batch and open()',
    () => new Delivery({ name: 'x' } as never, { format }),
    'new Delivery: expected a target with name, batch and open()',
  ],
  [
    'missing options',
    () => new Delivery(new StdoutOutput(), undefined!),
    'new Delivery: stdout needs a format, such as falcoJson()',
  ],
  [
    'a missing format',
    () => new Delivery(new StdoutOutput(), {} as never),
    'new Delivery: stdout needs a format, such as falcoJson()',
  ],
  ['a missing definition', () => defineTransport(undefined!), 'defineTransport: expected a definition, got undefined'],
  [
    'a definition with only a type',
    () => defineTransport({ type: 'x' } as never),
    "defineTransport: title of 'x': expected string, got undefined",
  ],
  [
    'a definition without open()',
    () =>
      defineTransport({ type: 'x', title: 'X', doc: '', options: {}, batch: { items: 1 }, ordered: false } as never),
    "defineTransport: open of 'x': expected function, got undefined",
  ],
])('%s is rejected', (_, make, message) => {
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
})
