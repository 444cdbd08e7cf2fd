import { defineSource } from '@falc/engine'

/** The start of a program. */
export interface Start {
  readonly name: string
  readonly cmdline: string
  readonly parent: string
  readonly user: string
  readonly tty: number
}

export const processes = defineSource<Start>({
  name: 'process',
  time: () => 1_772_442_000_000_000_000n,
  fields: {
    'proc.name': { type: 'string', doc: 'Name of the program', extract: start => start.name },
    'proc.cmdline': { type: 'string', doc: 'Name and arguments', extract: start => start.cmdline },
    'proc.pname': { type: 'string', doc: 'Name of the parent', extract: start => start.parent },
    'proc.tty': { type: 'uint32', doc: 'Terminal, 0 for none', extract: start => start.tty },
    'user.name': { type: 'string', doc: 'Who runs it', extract: start => start.user },
  },
})

/** An ordinary start, with the given properties. */
export function start(given: Partial<Start>): Start {
  const ordinary: Start = { name: 'sh', cmdline: given.name ?? 'sh', parent: 'sshd', user: 'ada', tty: 0 }
  return { ...ordinary, ...given }
}
