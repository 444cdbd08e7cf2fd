/** Writes entries without an answer into a journal of small files, and sends the number of each: `journal-writer.ts FOLDER`. */
import { setImmediate } from 'node:timers/promises'
import { Journal } from '../src/index.ts'

const journal = await Journal.open(process.argv[2]!, { bytes: 160_000 })
for (;;) {
  const { seq } = journal.append({
    ...{ kind: 'asked', run: crypto.randomUUID(), playbook: 'p', step: 1, action: 'kill_container' },
    ...{ alert: { id: 'a', rule: 'Shell', time: '', output: '' }, why: [], plan: [], dry: false },
  })
  process.send?.(seq)
  await setImmediate()
}
