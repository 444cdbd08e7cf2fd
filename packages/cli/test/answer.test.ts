import { EventEmitter } from 'node:events'
import type { RunningQuery } from '@falc/store'
import { expect, test } from 'vitest'
import { answerOf } from '../src/history/answer.ts'

/** A query of four steps that calls `each` at every step. */
function question(each: (step: number) => void = () => {}): RunningQuery<number> {
  let step = 0
  return {
    step() {
      each(++step)
      return step < 4
    },
    get value() {
      return step
    },
    get complete() {
      return step === 4
    },
    get looked() {
      return { alerts: step * 100, of: 400 }
    },
  }
}

function terminal(isTTY: boolean) {
  const written: string[] = []
  const emitter = new EventEmitter()
  const stderr = { isTTY, write: (text: string) => written.push(text) > 0 }
  return { written, emitter, given: { stderr: stderr as never, process: emitter as never, interval: 0 } }
}

test('a terminal shows the progress of a query, and erases it at the end', async () => {
  const { written, given, emitter } = terminal(true)
  expect(await answerOf(question(), given)).toEqual({ value: 4, code: 0 })
  expect(written).toEqual([25, 50, 75].map(n => `\r\x1b[K${n} % of 400 alerts`).concat('\r\x1b[K'))
  expect(emitter.listenerCount('SIGINT')).toBe(0)
})

test('without a terminal no progress is shown', async () => {
  const { written, given } = terminal(false)
  expect(await answerOf(question(), given)).toEqual({ value: 4, code: 0 })
  expect(written).toEqual([])
})

test('an interrupted query returns its result so far, and reports how many alerts that covers', async () => {
  const { written, emitter, given } = terminal(false)
  const asked = question(step => step === 2 && emitter.emit('SIGINT'))
  expect(await answerOf(asked, given)).toEqual({ value: 2, code: 130 })
  expect(written).toEqual(['interrupted: this is about the newest 200 of 400 alerts\n'])
})

test('a query with too many different values says that some are not counted', async () => {
  const { written, given } = terminal(false)
  const cut = Object.defineProperty(question(), 'complete', { value: false })
  expect(await answerOf(cut, given)).toEqual({ value: 4, code: 0 })
  expect(written).toEqual(['there are too many different values: some are not counted\n'])
})
