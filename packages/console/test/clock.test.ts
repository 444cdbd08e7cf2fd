/** Setting the system clock by hours does not change how long things last. */
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

test.each([-5, 5])('clock set by %d hours: wrong guesses still throttle for one minute', hours => {
  const guesses = new Guesses()
  for (let i = 0; i < 10; i++) guesses.wrong('10.0.0.1')
  setClock(hours)
  expect(() => guesses.check('10.0.0.1')).toThrow('too many wrong guesses')
  passed = 60_001
  guesses.check('10.0.0.1')
})

test.each([-5, 15])('clock set by %d hours: a session still lasts twelve hours', hours => {
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
