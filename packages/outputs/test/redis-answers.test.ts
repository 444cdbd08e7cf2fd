import fc from 'fast-check'
import { test } from 'vitest'
import { RedisAnswers } from '../src/net/redis-answers.ts'

const line = fc.string().map(text => text.replaceAll('\r', ''))
const answer = fc.oneof(
  fc.tuple(fc.constantFrom('+', '-'), line).map(([type, text]) => `${type}${text}\r\n`),
  fc.bigInt().map(number => `:${number}\r\n`),
  fc.string().map(text => `$${Buffer.byteLength(text)}\r\n${text}\r\n`),
)
const answers = fc.array(answer).map(all => Buffer.from(all.join('')))

/** Whether the bytes are accepted when they are split at these places. */
function accepted(bytes: Buffer, ends: readonly number[] = []): boolean {
  const checked = new RedisAnswers()
  const places = [0, ...ends.map(end => end % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).every((end, i) => checked.accept(bytes.subarray(places[i], end)))
}

test('replies of the four types are accepted, however they are split', () => {
  fc.assert(fc.property(answers, fc.array(fc.nat()), (bytes, ends) => accepted(bytes, ends)))
})

test.each([
  ...[
    '_\r\n',
    '*1\r\n',
    '*-1\r\n',
    '>1\r\n',
    '%1\r\n',
    '~0\r\n',
    '#t\r\n',
    ',1\r\n',
    '(1\r\n',
    '=1\r\n',
    '!1\r\n',
    '|1\r\n',
  ],
  ...[
    '$-1\r\n',
    '$\r\n',
    '$1x\r\n',
    '$1048577\r\n',
    '+a\rb',
    '$2\r\nabc\r\n',
    '$2\r\nab\n',
    '\r\n',
    'HTTP/1.1 200 OK\r\n',
  ],
  `-${'x'.repeat(70_000)}`,
])('%j is rejected, wherever it is split', bad => {
  const after = (before: Buffer, ends: readonly number[]) => accepted(Buffer.concat([before, Buffer.from(bad)]), ends)
  fc.assert(
    fc.property(answers, fc.array(fc.nat()), (before, ends) => !after(before, ends)),
    { numRuns: 30 },
  )
})
