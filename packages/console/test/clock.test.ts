/** A clock that is set by hours: what lasts for a time lasts for that time. */
import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Auth } from '../src/auth/auth.ts'
import { Guesses } from '../src/auth/guesses.ts'
import { newToken, parseTokens } from '../src/index.ts'

const HOUR = 3_600_000
let passed = 0
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const begun = performance.now()
  passed = 0
  vi.spyOn(performance, 'now').mockImplementation(() => begun + passed)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const setClock = (hours: number) => vi.setSystemTime(Date.now() + hours * HOUR)

test.each([-5, 5])('by %d hours: whoever guessed waits for a minute', hours => {
  const guesses = new Guesses()
  for (let i = 0; i < 10; i++) guesses.wrong('10.0.0.1')
  setClock(hours)
  expect(() => guesses.check('10.0.0.1')).toThrow('too many wrong guesses')
  passed = 60_001
  guesses.check('10.0.0.1')
})

test.each([-5, 15])('by %d hours: a session lasts for twelve', hours => {
  const { token, line } = newToken('ann', ['read'])
  const auth = new Auth({ tokens: parseTokens(line) })
  const request = (headers: IncomingMessage['headers']) =>
    ({ headers, socket: { remoteAddress: '127.0.0.1' } }) as IncomingMessage
  const cookie = auth.begin(request({ authorization: `Bearer ${token}` })).split(';')[0]!
  setClock(hours)
  expect(auth.whoIfKnown(request({ cookie }))?.name).toBe('ann')
  passed = 12 * HOUR + 1
  expect(auth.whoIfKnown(request({ cookie }))).toBe(undefined)
})
