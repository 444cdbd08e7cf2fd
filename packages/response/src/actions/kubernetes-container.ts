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
    description: 'Default: the one with the `container.id` of the alert; without it, the only one.',
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
  doc: 'The kubelet keeps the container’s memory and files in an archive on its node (`/var/lib/kubelet/checkpoints`), readable by root alone; the container keeps running. Needs a runtime that can, such as CRI-O or containerd 2.',
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
  doc: 'Adds an ephemeral container to the pod, which sees the processes of the container: for a shell with tools, or a command that keeps evidence. It stays until the pod ends.',
  example: '{ image: "registry.example/tools:1", command: [collect, "%proc.pid"] }',
  params: {
    type: 'object',
    properties: {
      image: { type: 'string', pattern: '^[a-z0-9][a-zA-Z0-9._/:@-]{0,255}$', description: 'Its image.' },
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
  doc: 'Runs a program in the container; what it writes, at most 64 KiB, is kept in the journal. Fields of the alert are arguments of their own: no shell reads them. A field whose value begins with `-` can still be read as an option: put `--` before it where the program knows that. A program that is still running when the time is up continues, and the step is undecided. Needs the package `ws`.',
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
      timeout: { type: 'string', format: 'duration', default: '30s', description: 'How long it may take.' },
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
