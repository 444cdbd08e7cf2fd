/** Loads inputs one after another in a separate thread, so that the test can detect a hang or a leak. */
import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from '../../src/engine/engine.ts'
import { formatResult } from '../../src/text/report.ts'
import { k8sAudit, syscall } from '../engine/declared.ts'
import { filesOf } from './fuzz-inputs.ts'

const { first, count, progress } = workerData as { first: number; count: number; progress: SharedArrayBuffer }
const current = new Int32Array(progress)
// Most inputs have errors: stack traces would take more time than loading.
Error.stackTraceLimit = 0

function check(seed: number): void {
  const files = filesOf(seed).map((content, i) => ({ name: `${i}.yaml`, content }))
  const engine = new Engine({ sources: [syscall, k8sAudit] })
  const report = engine.load(files)
  if (report.ok !== (report.errors.length === 0)) throw new Error('ok and errors disagree')
  if (report.files.length !== files.length) throw new Error('a file has no result')
  for (const problem of [...report.errors, ...report.warnings])
    for (const { position, length } of problem.locations) {
      const file = files.find(({ name }) => name === position.name)
      if (!file || position.line < 1 || position.column < 1 || position.offset + length > file.content.length)
        throw new Error(`a location is not in its file: ${JSON.stringify(position)}`)
    }
  for (const file of report.files) formatResult(file)
  if (report.ok) engine.evaluate(syscall, {})
}

for (let i = 0; i < count; i++) {
  Atomics.store(current, 0, i)
  check(first + i)
}
parentPort!.postMessage('done')
