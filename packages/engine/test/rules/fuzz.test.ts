import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { FUZZ_SEED, fuzzRuns } from '../../../../scripts/testing/fuzz.ts'
import { filesOf } from './fuzz-inputs.ts'

const RUNS = fuzzRuns(2000)
const FIRST = FUZZ_SEED ?? 0
/** An input that takes longer counts as a hang (ms); ordinary ones take about 1 ms. */
const HANG = 60_000
/** Inputs are small, so loading one needs little memory (MB of heap). */
const MEMORY = 300

test('no rules file crashes or hangs the loader, or takes much memory', { timeout: 0 }, async () => {
  const progress = new SharedArrayBuffer(4)
  const current = new Int32Array(progress)
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: { first: FIRST, count: RUNS, progress },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY },
  })
  const outcome = await new Promise<string>(resolve => {
    let last = -1
    const watch = setInterval(() => {
      const now = Atomics.load(current, 0)
      if (now === last) resolve('hangs')
      last = now
    }, HANG)
    const end = (how: string) => {
      clearInterval(watch)
      resolve(how)
    }
    worker.on('message', end)
    worker.on('error', error => end(String(error)))
    worker.on('exit', code => end(`exit ${code}`))
  })
  await worker.terminate()
  const seed = FIRST + Atomics.load(current, 0)
  expect(outcome, outcome === 'done' ? '' : `FALC_FUZZ_SEED=${seed}: ${JSON.stringify(filesOf(seed))}`).toBe('done')
})
