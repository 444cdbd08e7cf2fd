/**
 * One of several responders, as a process that can be killed: `responder.ts URL FOLDER ACTS`. Its action appends the target's ID
 * to the file ACTS. Sent a number, it kills itself after as many moments, which lie between any two of its steps.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { alerts } from '@falc/engine'
import { NatsInput, openResponder } from '../src/index.ts'

const [url, folder, acts] = process.argv.slice(2) as [string, string, string]
const log = () => {}
let left = Number.POSITIVE_INFINITY
process.on('message', (moments: number) => (left = moments))
const moment = () => {
  if (--left <= 0) process.kill(process.pid, 'SIGKILL')
}
const door = await NatsInput.open({ connection: { url: [url] }, ackWait: 1000, lease: 2000, alerts: 4, log })
const { responder } = await openResponder({
  files: [
    {
      name: 'p.yaml',
      content: `[{ playbook: p, when: alert.rule = Shell, mode: enforce, limits: { total: 9999/1d }, steps: [{ kill_container: }] }]`,
    },
  ],
  ...{
    source: alerts(),
    folder,
    once: door.once,
    hostname: 'web-1',
    log,
    fuse: { count: 100_000, per: 1000 },
    maxAge: Number.POSITIVE_INFINITY,
  },
  point: moment,
  ports: {
    async engine({ container }) {
      await sleep(1)
      moment()
      appendFileSync(acts, `${container}\n`)
      moment()
      await sleep(1)
      moment()
      return { outcome: 'done', said: '' }
    },
  },
})
process.send?.('ready')
await door.run(alert => responder.take(alert))
