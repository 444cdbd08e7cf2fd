/** What a program gives that is no output: the error says what was expected. */
import { expect, test } from 'vitest'
import { Delivery, defineTransport, falcoJson, StdoutOutput } from '../src/index.ts'

const format = falcoJson()

test.each([
  [
    'no target',
    () => new Delivery(undefined!, { format }),
    'new Delivery: expected a target with name, batch and open()',
  ],
  [
    'an object',
    () => new Delivery({ name: 'x' } as never, { format }),
    'new Delivery: expected a target with name, batch and open()',
  ],
  [
    'no options',
    () => new Delivery(new StdoutOutput(), undefined!),
    'new Delivery: stdout needs a format, such as falcoJson()',
  ],
  [
    'no format',
    () => new Delivery(new StdoutOutput(), {} as never),
    'new Delivery: stdout needs a format, such as falcoJson()',
  ],
  ['no definition', () => defineTransport(undefined!), 'defineTransport: expected a definition, got undefined'],
  [
    'a type only',
    () => defineTransport({ type: 'x' } as never),
    "defineTransport: title of 'x': expected string, got undefined",
  ],
  [
    'no open()',
    () =>
      defineTransport({ type: 'x', title: 'X', doc: '', options: {}, batch: { items: 1 }, ordered: false } as never),
    "defineTransport: open of 'x': expected function, got undefined",
  ],
])('%s', (_, make, message) => {
  expect(make).toThrow(TypeError)
  expect(make).toThrow(message)
})
