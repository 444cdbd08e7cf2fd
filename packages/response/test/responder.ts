/**
 * One of several responders, as a process that can be killed: `responder.ts URL FOLDER ACTS`. What it does is to write the target's
 * ID into the file ACTS.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { alerts } from '@falc/engine'
import { NatsDoor, openResponder } from '../src/index.ts'

const [url, folder, acts] = process.argv.slice(2) as [string, string, string]
const log = () => {}
const door = await NatsDoor.open({ connection: { url: [url] }, ackWait: 1000, lease: 2000, alerts: 4, log })
const { responder } = await openResponder({
  files: [
    {
      name: 'p.yaml',
      content: `[{ playbook: p, when: alert.rule = Shell, mode: enforce, limits: { total: 9999/1d }, steps: [{ kill_container: }] }]`,
    },
  ],
  ...{ source: alerts(), folder, once: door.once, hostname: 'web-1', log, fuse: { count: 100_000, per: 1000 } },
  ports: {
    async engine({ container }) {
      await sleep(1)
      appendFileSync(acts, `${container}\n`)
      await sleep(1)
      return { outcome: 'done', said: '' }
    },
  },
})
process.send?.('ready')
await door.run(alert => responder.take(alert))
