import type { SyscallEvent } from '../event.ts'
import { integer } from './formats/integer.ts'
import { localClockText } from './formats/time.ts'
import type { Field, Fields } from './table.ts'

const SECOND = 1_000_000_000n

/** A time in nanoseconds. In JSON it is always a number, however it is printed. */
function nanoseconds(
  type: Field['type'],
  print: Field['print'],
  doc: string,
  of: (event: SyscallEvent) => bigint,
): Field {
  const value = (event: SyscallEvent) => integer(of(event))
  return { type, ...(print === undefined ? {} : { print }), doc, extract: value, toJson: value } as Field
}

const sinceFirst = (event: SyscallEvent) => event.time - (event.tables?.firstTime ?? event.time)

/** Deprecated in Falco, where they are 0 now that there are no enter events. */
function latency(doc: string, print: Field['print']): Field {
  return { ...nanoseconds('reltime', print, `${doc} Deprecated: always 0.`, () => 0n), deprecated: true }
}

/**
 * Falco measures from the last event for which the same condition or output read the field. Here, no state is kept between
 * events, so every event counts as the first.
 */
function delta(doc: string, print: Field['print']): Field {
  return nanoseconds('reltime', print, `${doc} Always 0: no state is kept from event to event.`, () => 0n)
}

/**
 * Event times other than those common to all sources, which the engine provides; includes those relative to the first event.
 */
export const EVT_TIME_FIELDS: Fields = {
  'evt.rawtime.ns': nanoseconds(
    'abstime',
    'padded',
    'Nanoseconds of the time within its second.',
    event => event.time % SECOND,
  ),
  'evt.reltime': nanoseconds('reltime', 'padded', 'Nanoseconds since the first event.', sinceFirst),
  'evt.reltime.s': nanoseconds(
    'reltime',
    'dec',
    'Whole seconds since the first event.',
    event => sinceFirst(event) / SECOND,
  ),
  'evt.reltime.ns': nanoseconds(
    'reltime',
    'padded',
    'Nanoseconds of evt.reltime within its second.',
    event => sinceFirst(event) % SECOND,
  ),
  'evt.latency': latency('Nanoseconds between entry and return of the call.', 'dec'),
  'evt.latency.s': latency('Whole seconds of evt.latency.', 'dec'),
  'evt.latency.ns': latency('Nanoseconds of evt.latency within its second.', 'padded'),
  'evt.latency.quantized': {
    type: 'uint64',
    print: 'dec',
    hidden: true,
    deprecated: true,
    doc: 'Logarithm of evt.latency. Deprecated: always 0.',
    extract: () => 0,
  },
  'evt.latency.human': {
    type: 'string',
    deprecated: true,
    doc: 'evt.latency with a unit. Deprecated: always 0ns.',
    extract: () => '0ns',
  },
  'evt.wait_latency': latency('Nanoseconds that the call waited.', 'dec'),
  'evt.deltatime': delta('Nanoseconds since the event before.', 'dec'),
  'evt.deltatime.s': delta('Whole seconds of evt.deltatime.', 'dec'),
  'evt.deltatime.ns': delta('Nanoseconds of evt.deltatime within its second.', 'padded'),
  'evt.outputtime': {
    type: 'string',
    doc: 'Time of the event, local hh:mm:ss.nnnnnnnnn.',
    extract: event => localClockText(event.time),
    toJson: event => integer(event.time),
  },
}
