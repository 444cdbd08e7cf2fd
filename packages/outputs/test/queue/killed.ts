/**
 * A program that delivers alerts and is killed meanwhile: FOLDER URL FROM TO. It prints up to which number alerts are saved and
 * how often the disk has failed, and exits when all are delivered.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Delivery } from '../../src/delivery/delivery.ts'
import { HttpOutput } from '../../src/falco/http.ts'
import { falcoJson } from '../../src/formats/falco.ts'
import { DiskQueue } from '../../src/queue/disk.ts'
import { alert } from '../transports/numbered.ts'

const [folder = '', url = '', from, to] = process.argv.slice(2)

const queue = new DiskQueue({ folder, sync: 0 })
const delivery = new Delivery(new HttpOutput({ url, json: true, keepAlive: true }), {
  format: falcoJson({ id: true }),
  queue,
  lazy: true,
  backoff: { first: 5, max: 20 },
})
await delivery.open()
for (let next = Number(from); next < Number(to); ) {
  for (let count = 1 + (next % 5); count > 0 && next < Number(to); count--) delivery.push(alert(next++))
  await delivery.saved()
  process.stdout.write(`${next} ${queue.disk.errors}\n`)
  await sleep(1)
}
await delivery.flush()
await delivery.close()
