import { ConfigError } from './error.ts'
import type { ConfigReader } from './reader.ts'

export const DROP_ACTIONS = ['ignore', 'log', 'alert', 'exit'] as const
export type DropAction = (typeof DROP_ACTIONS)[number]

/** What falco.yaml says about system calls that get lost (syscall_event_drops), or do not come (syscall_event_timeouts). */
export interface SyscallHealthConfig {
  readonly drops: {
    /** Share of a second's events that may be lost, 0 to 1. */
    readonly threshold: number
    readonly actions: readonly DropAction[]
    /** How often actions are taken: so many per second in the long run, so many at once. */
    readonly rate: number
    readonly maxBurst: number
    readonly simulate: boolean
  }
  /** Waits in vain, one after the other, after which there is an alert. */
  readonly maxTimeouts: number
}

/** @throws {ConfigError} */
export function readSyscallHealth(reader: ConfigReader): SyscallHealthConfig {
  return {
    drops: {
      threshold: reader.number('syscall_event_drops.threshold', 0.1, 0, 1),
      actions: readActions(reader),
      rate: reader.number('syscall_event_drops.rate', 0.03333, 0),
      maxBurst: reader.number('syscall_event_drops.max_burst', 1, 0),
      simulate: reader.boolean('syscall_event_drops.simulate_drops', false),
    },
    maxTimeouts: reader.integer('syscall_event_timeouts.max_consecutives', 1000, 1),
  }
}

function readActions(reader: ConfigReader): DropAction[] {
  const path = 'syscall_event_drops.actions'
  const names = reader.strings(path)
  const unknown = names.find(name => !(DROP_ACTIONS as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw new ConfigError(
      `available actions for syscall event drops are ${DROP_ACTIONS.join(', ')}, not "${unknown}"`,
      reader.place(path),
    )
  }
  const clash = names.includes('ignore') ? names.find(name => name === 'log' || name === 'alert') : undefined
  if (clash !== undefined) {
    throw new ConfigError(
      `syscall event drop action "${clash}" does not make sense with the "ignore" action`,
      reader.place(path),
    )
  }
  return names.length === 0 ? ['ignore'] : ([...new Set(names)] as DropAction[])
}
