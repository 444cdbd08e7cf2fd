/** Approves its own step and kills itself at a point of it: `approver.ts FOLDER ACTS POINT PLAYBOOK`. Acts are lines in ACTS. */
import { appendFileSync } from 'node:fs'
import { alerts } from '@falc/engine'
import { alertOf, answerWaiting, Journal, openResponder, waitingIn } from '../src/index.ts'

const [folder, acts, point, content] = process.argv.slice(2) as [string, string, string, string]
let approved = false
const { responder } = await openResponder({
  files: [{ name: 'p.yaml', content }],
  ...{ source: alerts(), folder, hostname: 'web-1', log: () => {}, maxAge: Number.POSITIVE_INFINITY },
  point: at => {
    approved ||= at === 'approved'
    if (approved && at === point) process.kill(process.pid, 'SIGKILL')
  },
  ports: {
    async engine({ container }) {
      appendFileSync(acts, `${container}\n`)
      return { outcome: 'done', said: '' }
    },
  },
})
await responder.take(alertOf({ rule: 'Shell', output_fields: { 'container.id': 'aaaaaaaaaaaa' } }))
answerWaiting(folder, waitingIn(Journal.read(folder).entries)[0]!, 'approved')
