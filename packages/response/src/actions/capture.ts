import { parseDuration } from '@falc/outputs'
import { type Action, defineAction, optionalField } from '../model/action.ts'
import { subjectOf } from './subject.ts'

export const capture: Action = defineAction({
  name: 'capture',
  doc: "Records system calls from now on into a capture (.scap), like `falc record`: those of the alert's container, or of the whole machine if there is none. A rule with `capture: true` also records what came before the alert. Needs the rights of `falc record`, and less time than `response.timeout`.",
  example: '{ duration: 30s }',
  params: {
    type: 'object',
    properties: {
      duration: { type: 'string', format: 'duration', default: '30s', description: 'From 1s to 1h.' },
      folder: {
        type: 'string',
        pattern: '^/',
        default: '/var/lib/falc/captures',
        description: 'Folder of the captures.',
      },
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
