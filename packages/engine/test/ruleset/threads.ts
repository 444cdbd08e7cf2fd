import type { EventTypes, Memo, MemoHolder } from '../../src/fields/field.ts'
import { defineSource } from '../../src/fields/field.ts'

/** A thread of the test source; `memo` is dropped when it changes, as sources promise. */
export class Thread implements MemoHolder {
  memo: Memo | null = null
  name: string
  exe: string
  constructor(name: string, exe: string) {
    this.name = name
    this.exe = exe
  }
  exec(name: string, exe: string): void {
    this.name = name
    this.exe = exe
    this.memo = null
  }
}

export class Fd implements MemoHolder {
  memo: Memo | null = null
  path: string
  constructor(path: string) {
    this.path = path
  }
}

export class Act {
  type: number
  thread: Thread | undefined
  fd: Fd | undefined
  size: number | undefined
  constructor(type: number, thread: Thread | undefined, fd: Fd | undefined, size: number | undefined) {
    this.type = type
    this.thread = thread
    this.fd = fd
    this.size = size
  }
}

export const TYPE_NAMES = ['open', 'close', 'execve', 'rare', 'async']

/** A `rare` event can have any name. */
const eventTypes: EventTypes = {
  all: [0, 1, 2, 3, 4],
  fields: ['evt.type'],
  typesOf: (_, value) => {
    const type = TYPE_NAMES.indexOf(value)
    return type < 0 ? undefined : type === 3 ? [3] : [type, 3]
  },
  valueOf: (_, type) => (type === 3 ? undefined : TYPE_NAMES[type]),
}

/** Counts the reads of proc.name. */
export const reads = { count: 0 }

export const threads = defineSource<Act>({
  name: 'threads',
  eventTypes,
  eventType: event => event.type,
  scopes: { thread: event => event.thread, fd: event => event.fd },
  fields: {
    'evt.type': {
      type: 'string',
      doc: 'type',
      extract: event => (event.type === 3 ? TYPE_NAMES[(event.size ?? 0) % 5] : TYPE_NAMES[event.type]),
    },
    'evt.tag': {
      ...{ type: 'string', doc: 'odd sizes have a tag' },
      extract: event => (event.size === undefined ? undefined : 'abcdef'[event.size % 7]),
    },
    'evt.size': { type: 'uint32', doc: 'size', extract: event => event.size },
    'proc.name': {
      ...{ type: 'string', scope: 'thread', doc: 'name' },
      extract: event => {
        reads.count++
        return event.thread?.name
      },
    },
    'proc.exe': { type: 'string', scope: 'thread', doc: 'exe', extract: event => event.thread?.exe },
    'fd.path': { type: 'string', scope: 'fd', doc: 'path', extract: event => event.fd?.path },
  },
})
