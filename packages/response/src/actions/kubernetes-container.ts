/** Actions on one container of a pod. */
import type { AlertData } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { type Action, defineAction, optionalField } from '../model/action.ts'
import type { Call, Data } from '../model/call.ts'
import { callOn, podOf } from './kubernetes.ts'

const CONTAINER = {
  type: 'string',
  ...{
    pattern: '^[a-z0-9-]{1,63}$',
    description: 'Default: the container with the `container.id` of the alert, or else the only one.',
  },
} as const

function call(
  alert: AlertData,
  does: string,
  says: (name: string) => string,
  more: Record<string, Data | undefined>,
): Call {
  const id = optionalField(alert, 'container.id')
  const known = id !== undefined && /^[0-9a-f]{12,64}$/.test(id) ? { id } : {}
  return callOn(alert, does, says, { ...known, ...more })
}

export const checkpointContainer: Action = defineAction({
  name: 'checkpoint_container',
  asks: ['checkpoint'],
  doc: 'The kubelet saves the container’s memory and files to an archive on its node (`/var/lib/kubelet/checkpoints`) that only root can read; the container keeps running. Needs a runtime with support for it, such as CRI-O or containerd 2.',
  example: '{}',
  params: { type: 'object', properties: { container: CONTAINER } },
  target: podOf,
  plan: ({ alert, params: { container } }) => [
    call(alert, 'checkpoint', name => `checkpoint ${container ?? 'the container'} of ${name}`, { container }),
  ],
})

export const debugContainer: Action = defineAction({
  name: 'debug_container',
  asks: ['debug'],
  doc: 'Adds an ephemeral container that sees the processes of the container, for a shell with tools or a command that saves evidence. It stays until the pod ends.',
  example: '{ image: "registry.example/tools:1", command: [collect, "%proc.pid"] }',
  params: {
    type: 'object',
    properties: {
      image: {
        type: 'string',
        pattern: '^[a-z0-9][a-zA-Z0-9._/:@-]{0,255}$',
        description: 'The image of the ephemeral container.',
      },
      command: {
        type: 'array',
        ...{ maxItems: 64, items: { type: 'string', format: 'value' }, default: ['sleep', '3600'] },
        description: 'The program and its arguments.',
      },
      container: CONTAINER,
    },
    required: ['image'],
  },
  target: podOf,
  plan: ({ alert, params: { image, command, container } }) => [
    call(alert, 'debug', name => `add ${image} to ${name}: ${command.join(' ')}`, { image, command, container }),
  ],
})

export const execInContainer: Action = defineAction({
  name: 'exec_in_container',
  asks: ['exec'],
  doc: 'Runs a program in the container and keeps up to 64 KiB of its output in the journal. Each field of the alert is a whole argument: no shell reads it. A value that begins with `-` may still be taken for an option; put `--` before it if the program supports that. A program that is still running when the time is up continues, and the step is undecided. Needs the package `ws`.',
  example: '{ command: [cat, "/proc/%proc.vpid/maps"], timeout: 10s }',
  params: {
    type: 'object',
    properties: {
      command: {
        type: 'array',
        ...{ minItems: 1, maxItems: 64, items: { type: 'string', format: 'value' } },
        description: 'The program and its arguments.',
      },
      container: CONTAINER,
      timeout: { type: 'string', format: 'duration', default: '30s', description: 'How long the program may run.' },
    },
    required: ['command'],
  },
  target: podOf,
  plan: ({ alert, params: { command, container, timeout } }) => [
    call(alert, 'exec', name => `run ${command.join(' ')} in ${name}`, {
      ...{ command, container },
      timeout: parseDuration(timeout) ?? 0,
    }),
  ],
})
