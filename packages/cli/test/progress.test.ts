import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { showProgress } from '../src/run/progress.ts'
import type { Feed } from '../src/sources/feed.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function streams(stderr: boolean, stdout: boolean) {
  let text = ''
  const stream = { isTTY: stderr, write: (more: string) => (text += more) } as unknown as Pick<
    NodeJS.WriteStream,
    'isTTY' | 'write'
  >
  return { stderr: stream, stdout: { isTTY: stdout }, text: () => text }
}

const feed = (size: number, position = 5 << 20) =>
  ({ title: 'capture x.scap', progress: () => ({ position, size, events: 42 }) }) as unknown as Feed

test('the progress of a replay is a line on the terminal that is erased at the end', () => {
  const { stderr, stdout, text } = streams(true, false)
  const end = showProgress([feed(20 << 20)], stderr, stdout)
  vi.advanceTimersByTime(600)
  expect(text()).toBe('\r\u001b[Kcapture x.scap: 25 %, 42 events')
  end()
  expect(text().endsWith('\r\u001b[K')).toBe(true)
  const before = text()
  vi.advanceTimersByTime(5000)
  expect(text()).toBe(before)
})

test.each([5, 3000])('the progress of a pipe, whose size is unknown, is in MiB: %d', size => {
  const { stderr, stdout, text } = streams(true, false)
  showProgress([feed(0, size * 2 ** 20)], stderr, stdout)
  vi.advanceTimersByTime(600)
  expect(text()).toContain(`capture x.scap: ${size} MiB, 42 events`)
})

test.each([
  ['standard error is not a terminal', false, false],
  ['alerts go to the same terminal', true, true],
])('no progress is shown when %s', (_, first, second) => {
  const { stderr, stdout, text } = streams(first, second)
  const end = showProgress([feed(1)], stderr, stdout)
  vi.advanceTimersByTime(600)
  end()
  expect(text()).toBe('')
})
