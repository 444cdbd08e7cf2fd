/** Stop, kill, pause and disconnect a container: Docker, Podman, containerd. */
import type { AlertData } from '@falc/engine'
import { type Action, defineAction } from '../model/action.ts'
import type { Call, EngineCall } from '../model/call.ts'
import { containerOf } from './subject.ts'

const NONE = { type: 'object', properties: {} } as const

function call(alert: AlertData, does: EngineCall['does'], more: Partial<EngineCall> = {}): Call {
  const { id, name } = containerOf(alert)
  return { via: 'engine', does, container: id, before: String(alert.time), ...more, says: `${does} ${name}` }
}

export const stopContainer: Action = defineAction({
  name: 'stop_container',
  doc: 'Stops a container: SIGTERM, then SIGKILL after the grace period.',
  example: '{ grace: 5 }',
  params: {
    type: 'object',
    properties: {
      grace: { type: 'integer', minimum: 0, maximum: 600, default: 10, description: 'Seconds between the signals.' },
    },
  },
  target: containerOf,
  plan: ({ alert, params }) => [call(alert, 'stop', { grace: params.grace })],
})

export const killContainer: Action = defineAction({
  name: 'kill_container',
  doc: 'Kills a container (SIGKILL).',
  example: '{}',
  params: NONE,
  target: containerOf,
  plan: ({ alert }) => [call(alert, 'kill')],
})

export const pauseContainer: Action = defineAction({
  name: 'pause_container',
  doc: 'Freezes all processes of a container at once. Its memory and files remain for forensics.',
  example: '{ for: 2h }',
  params: NONE,
  target: containerOf,
  plan: ({ alert }) => [call(alert, 'pause')],
  undo: ({ alert }) => [call(alert, 'unpause')],
})

export const disconnectContainer: Action = defineAction({
  name: 'disconnect_container',
  doc: 'Disconnects a container from all networks. Docker and Podman only.',
  example: '{ for: 2h }',
  params: NONE,
  target: containerOf,
  plan: ({ alert }) => [call(alert, 'disconnect')],
  undo: ({ alert, answers }) => {
    const networks = answers.flatMap(({ networks }) => (Array.isArray(networks) ? (networks as string[]) : []))
    return networks.length === 0 ? [] : [call(alert, 'connect', { networks })]
  },
})
