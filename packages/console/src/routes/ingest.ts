/** Receives alerts from other programs. */
import { type AlertData, parseAlert } from '@falc/engine'
import { badRequest } from '../failure.ts'
import type { ServerRoute } from './route.ts'

/** The payload of Falco and falcosidekick, and that of falcosidekick's web UI, which has it under `event`. */
const ingest = (path: string, summary: string): ServerRoute => ({
  ...{ inServer: true, method: 'POST', path, scope: 'ingest', summary, parameters: {} },
  body: 'An alert as Falco prints it in JSON, or `{"event": …}` as falcosidekick sends it to its web UI',
  async answer({ body, writer }) {
    let alert: AlertData
    try {
      alert = parseAlert(unwrapped(body.toString('utf8')))
    } catch (error) {
      throw badRequest((error as Error).message)
    }
    return JSON.stringify({ stored: await writer.insert([alert]) })
  },
})

/** The text itself, so that large numbers keep their digits. */
function unwrapped(text: string): string {
  const start = /^\s*\{\s*"event"\s*:\s*(?=\{)/.exec(text)
  if (!start) return text
  // What follows the event is the list of outputs that had it, or nothing.
  // Each list is read up to the next one at most: a sender may write very many.
  const end = /\}\s*(?:,\s*"outputs"\s*:\s*(?:null|\[[^[\]]*\])\s*)?\}\s*$/.exec(text)
  if (!end) throw new SyntaxError('not an alert: an object with the key event, and outputs behind it')
  return text.slice(start[0].length, end.index + 1)
}

export const INGEST: readonly ServerRoute[] = [
  ingest('/', 'Takes an alert of Falco’s http_output, or of falcosidekick'),
  ingest('/api/v1/', 'Takes an alert of falcosidekick’s web UI output'),
]
