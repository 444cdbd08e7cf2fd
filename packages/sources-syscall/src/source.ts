import { defineSource, type Source } from '@falc/engine'
import type { SyscallEvent } from './event.ts'
import { eventTypes } from './fields/event-types.ts'
import { BASE64_FIELDS } from './fields/evt-args.ts'
import { fdHolder } from './fields/fd.ts'
import { SYSCALL_FIELDS } from './fields/index.ts'

export interface SyscallOptions {
  /** Names of the events that plugins add to the stream and that rules may use in evt.type. Default: those of Falco's container plugin. */
  readonly asyncEvents?: readonly string[]
  /** Shows data read or written by calls as base64 (Falco's buffer_format_base64). Conditions on evt.arg and evt.args see base64, too. */
  readonly base64?: boolean
}

/** Falco's plugins whose fields this source provides. required_plugin_versions is checked against this list. */
export const PLUGINS = [
  { name: 'container', version: '0.7.1' },
  { name: 'k8smeta', version: '0.4.1' },
] as const

const CONTAINER_PLUGIN_EVENTS = ['container', 'container_removed'] as const

/** The source of system calls. Its events are SyscallEvents that the state engine has already processed. */
export function syscall(options: SyscallOptions = {}): Source<SyscallEvent> {
  return defineSource<SyscallEvent>({
    name: 'syscall',
    fields: options.base64 ? { ...SYSCALL_FIELDS, ...BASE64_FIELDS } : SYSCALL_FIELDS,
    plugins: PLUGINS,
    eventTypes: eventTypes(options.asyncEvents ?? CONTAINER_PLUGIN_EVENTS),
    eventType: event => event.type,
    time: event => event.time,
    num: event => event.num,
    // A thread makes one call at a time. Unlike the event's number, this is the same live and in any recording.
    id: event => `${event.tid}/${event.type}`,
    scopes: {
      thread: event => event.thread?.fresh(),
      fd: fdHolder,
    },
  })
}
