/** Writes a store for failures.test.ts: `writer.ts PATH FROM` until it is killed, or `writer.ts PATH idle|close|full`. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StoreError, StoreReader, StoreThread } from '../src/index.ts'
import { alert } from './numbered.ts'

const [path = '', how = ''] = process.argv.slice(2)
const thread = new StoreThread({ path })
const batch = (from: number, size: number) => Array.from({ length: size }, (_, i) => alert(from + i))

async function untilRefused(): Promise<[fault: string, kept: number]> {
  for (let n = 0; ; n += 500) {
    try {
      await thread.insert(batch(n, 500))
    } catch (error) {
      return [(error as StoreError).fault, n]
    }
  }
}

if (how === 'idle') await thread.insert(batch(0, 10))
else if (how === 'close') {
  void thread.insert(batch(0, 10))
  await thread.close()
  console.log('closed')
} else if (how === 'full') {
  const ballast = join(path, '../ballast')
  writeFileSync(ballast, Buffer.alloc(1 << 20))
  const [refused, acknowledged] = await untilRefused()
  rmSync(ballast)
  const taken = await thread.insert(batch(1_000_000, 500))
  await thread.close()
  const store = await StoreReader.open(path)
  console.log(
    JSON.stringify({ refused, kept: store.count() === acknowledged + taken, taken, problems: store.problems() }),
  )
} else
  for (let n = Number(how); ; n += 17) {
    const added = await thread.insert(batch(n, 17))
    process.stdout.write(`${added}\n`)
  }
