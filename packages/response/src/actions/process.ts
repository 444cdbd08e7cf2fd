/** Stop, continue and kill a process. */
import type { AlertData } from '@falc/engine'
import { type Action, defineAction, optionalField } from '../model/action.ts'
import type { Call, ProcessCall } from '../model/call.ts'
import { processOf } from './subject.ts'

const PARAMS = {
  type: 'object',
  properties: {
    tree: {
      type: 'boolean',
      default: false,
      description: 'Include all descendants of the process.',
    },
  },
} as const

function call(alert: AlertData, signal: ProcessCall['signal'], tree: boolean): Call {
  const { pid, started, name } = processOf(alert)
  const container = optionalField(alert, 'container.id')
  return {
    ...{ via: 'process', signal, pid, tree, before: String(alert.time) },
    ...(started !== undefined && { started }),
    host: container === undefined || container === 'host',
    says: `SIG${signal} to ${name}${tree ? ' and all that it started' : ''}`,
  }
}

const SAFE =
  'The process is opened before its start (proc.pid.ts, or the time of the alert) is compared with the alert, so a signal never reaches another process that has meanwhile received the pid.'

export const stopProcess: Action = defineAction({
  name: 'stop_process',
  doc: `Stops a process (SIGSTOP). Its memory and connections remain for forensics. ${SAFE}`,
  example: '{ tree: true, for: 1h }',
  params: PARAMS,
  target: processOf,
  plan: ({ alert, params }) => [call(alert, 'STOP', params.tree)],
  undo: ({ alert, params }) => [call(alert, 'CONT', params.tree)],
})

export const killProcess: Action = defineAction({
  name: 'kill_process',
  doc: `Kills a process (SIGKILL). With \`tree\`, all processes are stopped first, so that no new one starts meanwhile. ${SAFE}`,
  example: '{ tree: true }',
  params: PARAMS,
  target: processOf,
  plan: ({ alert, params }) => [call(alert, 'KILL', params.tree)],
})
