import { parseDuration } from '@falc/outputs'
import { type Action, defineAction, optionalField } from '../model/action.ts'
import { subjectOf } from './subject.ts'

export const capture: Action = defineAction({
  name: 'capture',
  doc: 'Records system calls from now on into a capture (.scap), as `falc record` does: those of the container, or of the whole machine if the alert is about none. A rule with `capture: true` also has what was before. Needs the rights of `falc record`, and less time than `response.timeout`.',
  example: '{ duration: 30s }',
  params: {
    type: 'object',
    properties: {
      duration: { type: 'string', format: 'duration', default: '30s', description: 'How long: from 1s to 1h.' },
      folder: { type: 'string', pattern: '^/', default: '/var/lib/falc/captures', description: 'Where it is kept.' },
    },
  },
  target: subjectOf,
  plan({ alert, target, params: { duration, folder } }) {
    const seconds = Math.min(3600, Math.max(1, Math.round((parseDuration(duration) ?? 0) / 1000)))
    const id = optionalField(alert, 'container.id')
    const container = id !== undefined && /^[0-9a-f]{12,64}$/.test(id) ? { container: id.slice(0, 12) } : {}
    return [{ via: 'capture', seconds, folder, ...container, says: `record ${seconds} s of ${target.name}` }]
  },
})
