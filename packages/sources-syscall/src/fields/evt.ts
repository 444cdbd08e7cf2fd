import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { ERRNO_NAMES } from '../events/names.ts'
import { positions } from '../events/positions.ts'
import { EVENTS, EventClass, EventFlag } from '../events/table.ts'
import { categoryText } from './category.ts'
import { eventName, genericName } from './event-types.ts'
import { argumentText } from './formats/param.ts'
import { failed, RESULT, returnValue } from './results.ts'
import type { Field, Fields } from './table.ts'

/** Whether the event's type has one of these EventFlags. */
function hasFlag(doc: string, flags: number): Field {
  return { type: 'bool', doc, extract: event => (EVENTS[event.type]!.flags & flags) !== 0 }
}

const INFRASTRUCTURE = positions(['description'], 'INFRASTRUCTURE_EVENT_E')

/** Fields of Falco's docker event table; nothing records these events any more. */
function dockerEvent(doc: string, key: string): Field {
  return {
    type: 'string',
    hidden: true,
    doc,
    extract: event =>
      event.type === PPME.INFRASTRUCTURE_EVENT_E ? described(event.text(INFRASTRUCTURE.description), key) : undefined,
  }
}

/** `key:value` in a text of `;`-separated descriptions. */
function described(text: string, key: string): string | undefined {
  for (const part of text.split(';')) {
    const entry = part.trim()
    if (!entry.startsWith(key)) continue
    const value = entry.slice(entry.indexOf(':') + 1).trim()
    if (key === 'ID') return value.slice(0, 12)
    return key === 'Image' ? value.split('@')[0]!.trim() : value
  }
  return undefined
}

function resultText(event: SyscallEvent): string | undefined {
  const value = returnValue(event)
  if (value === undefined) return undefined
  if (value >= 0) return 'SUCCESS'
  const { type } = EVENTS[event.type]!.params[RESULT]!
  if (type === 'errno' || type === 'fd') return ERRNO_NAMES.get(-Number(value)) ?? value.toString()
  return argumentText(event, RESULT)
}

/** The event itself: its type, its result, what kind of call it is. */
export const EVT_FIELDS: Fields = {
  'evt.type': {
    type: 'string',
    doc: 'Name of the event: of the system call, or `procexit`, `signaldeliver`, `container`…',
    extract: eventName,
  },
  'syscall.type': {
    type: 'string',
    doc: 'Name of the system call; absent for other events.',
    extract: event => {
      if (event.type === PPME.GENERIC_X) return genericName(event)
      const info = EVENTS[event.type]!
      return (info.classes & EventClass.syscall) === 0 ? undefined : info.name
    },
  },
  'evt.type.is': {
    type: 'uint32',
    arg: 'required',
    argKind: 'key',
    doc: '1 for events of a type, else 0: `evt.type.is.open`, or its number in the event table.',
    parseArg: typeIds,
    extract: (event, ids: { first: number; second: number }) =>
      event.type === ids.first || event.type === ids.second ? 1 : 0,
  },
  'evt.dir': {
    type: 'string',
    deprecated: true,
    doc: '`<` for returns from system calls, `>` for everything else. Deprecated: entries into system calls are no longer recorded.',
    extract: event => ((event.type & 1) === 0 ? '>' : '<'),
  },
  'evt.category': {
    type: 'string',
    doc: 'Category of the event: file, net, IPC, memory, process, signal, time…; reads and writes have the category of their descriptor.',
    extract: categoryText,
  },
  'evt.cpu': {
    type: 'int16',
    print: 'id',
    doc: 'Number of the processor that the event happened on.',
    extract: event => event.cpu,
  },
  'evt.hostname': {
    type: 'string',
    doc: 'Name of the machine that the event was recorded on.',
    extract: event => event.tables?.hostname,
  },
  'evt.is_async': {
    type: 'bool',
    doc: 'The event comes from the recorder or a plugin, not from a system call.',
    extract: event => (EVENTS[event.type]!.classes & EventClass.metaevent) !== 0,
  },
  'evt.asynctype': {
    type: 'string',
    doc: 'Name of such an event.',
    extract: event => ((EVENTS[event.type]!.classes & EventClass.metaevent) === 0 ? undefined : eventName(event)),
  },
  'evt.res': {
    type: 'string',
    print: 'dec',
    doc: 'What the call returned: SUCCESS, or the name of the error.',
    extract: resultText,
  },
  'evt.rawres': {
    type: 'int64',
    print: 'dec',
    doc: 'What the call returned as a number: negative for errors.',
    extract: returnValue,
  },
  'evt.failed': { type: 'bool', doc: 'The call returned an error.', extract: failed },
  'evt.is_io': hasFlag(
    'The call reads from or writes to a descriptor.',
    EventFlag.reads_from_fd | EventFlag.writes_to_fd,
  ),
  'evt.is_io_read': hasFlag('The call reads from a descriptor.', EventFlag.reads_from_fd),
  'evt.is_io_write': hasFlag('The call writes to a descriptor.', EventFlag.writes_to_fd),
  'evt.io_dir': {
    type: 'string',
    doc: '`read` or `write` for calls that do.',
    extract: event => {
      const { flags } = EVENTS[event.type]!
      if (flags & EventFlag.writes_to_fd) return 'write'
      return flags & EventFlag.reads_from_fd ? 'read' : undefined
    },
  },
  'evt.is_wait': hasFlag('The call may make the thread wait: sleep, poll, futex…', EventFlag.waits),
  'evt.around': {
    type: 'uint64',
    arg: 'required',
    argKind: 'index',
    filterOnly: true,
    noRhs: true,
    noTransformer: true,
    print: 'dec',
    doc: '`evt.around[T] = D`: the event is at most D milliseconds before or after T, a value of evt.rawtime.',
    parseArg: () => {
      throw new Error('evt.around is not supported: compare evt.rawtime with >= and <= instead')
    },
    extract: () => undefined,
  },
  'util.cnt': counting(),
  'evt.infra.docker.name': dockerEvent('Name of a docker event.', 'Event'),
  'evt.infra.docker.container.id': dockerEvent('Container that a docker event is about.', 'ID'),
  'evt.infra.docker.container.name': dockerEvent('Name of the container that a docker event is about.', 'name'),
  'evt.infra.docker.container.image': dockerEvent('Image of the container that a docker event is about.', 'Image'),
}

/** util.cnt for one source: Falco keeps a counter for each mention in the rules, here all mentions share one. */
function counting(): Field {
  let count = 0
  return {
    type: 'uint64',
    print: 'id',
    doc: 'How often this field has been asked for.',
    extract: () => count++,
  }
}

/** Enter and exit id of the first event of that name in the table; a number selects only that id. */
function typeIds(arg: string): { first: number; second: number } {
  if (/^\d+$/.test(arg)) return { first: Number(arg), second: -1 }
  const first = EVENTS.findIndex(event => event.name === arg)
  if (first < 0) throw new Error(`unknown event type ${arg}`)
  return { first, second: first + 1 }
}
