/** A worker that exits or hangs on certain parts. */
import { parentPort } from 'node:worker_threads'

parentPort!.on('message', ({ part }: { part?: { bytes: Uint8Array } }) => {
  const text = part && Buffer.from(part.bytes).toString()
  if (text?.includes('"END"')) process.exit(3)
  while (text?.includes('"HANG"'));
})

await import('../src/workers/worker.ts')
