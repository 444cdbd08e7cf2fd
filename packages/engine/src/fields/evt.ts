import type { ExtractErrors } from './failures.ts'
import type { FieldDef, Source } from './field.ts'
import { calendarDay, clockTime, fraction, nanoseconds, remainder, seconds, utcTime } from './time.ts'
import { narrow } from './values.ts'

/** What the engine knows about the current event besides the event itself. */
export interface EventContext {
  /** Number of the event from 1, for sources that do not count themselves. */
  num: number
  hostname: string | undefined
  /** Time of the first event: relative times start there. undefined before it. */
  firstTime: bigint | undefined
  /** Time of the current event, once something has read it. */
  time: bigint | undefined
  /** Where a `time` of the source that throws is counted. */
  errors: ExtractErrors | undefined
}

export function eventContext(hostname?: string): EventContext {
  return { num: 0, hostname, firstTime: undefined, time: undefined, errors: undefined }
}

/** Moves on to the next event. */
export function nextEvent(context: EventContext): void {
  context.num++
  context.time = undefined
}

/** The time of the current event in nanoseconds: the source's, or else the clock's when it is first read. Never throws. */
export function timeOf(source: Source, event: unknown, context: EventContext): bigint {
  return (context.time ??= readTime(source, event, context.errors) ?? BigInt(Date.now()) * 1_000_000n)
}

function readTime(source: Source, event: unknown, errors: ExtractErrors | undefined): bigint | undefined {
  try {
    const time = source.time?.(event)
    return time === undefined ? undefined : nanoseconds(time)
  } catch (error) {
    errors?.add('time', error, event)
    return undefined
  }
}

/**
 * Distinguishes the current event from others of the same time, for the ids of alerts: the source's value, else the event's number. Never
 * throws.
 */
export function eventKey(source: Source, event: unknown, context: EventContext): string | number | bigint {
  try {
    return source.id?.(event) ?? source.num?.(event) ?? context.num
  } catch (error) {
    context.errors?.add('id', error, event)
    return context.num
  }
}

/** The fields that every source has. A source may declare its own field of the same name. */
export function genericFields(source: Source, context: EventContext): Record<string, FieldDef> {
  const time = (event: unknown) => timeOf(source, event, context)
  const exact = (event: unknown) => narrow(time(event))
  const since = (event: unknown) => time(event) - (context.firstTime ?? time(event))
  return {
    'evt.num': {
      ...{ type: 'uint64', print: 'id', doc: 'number of the event, from 1' },
      extract: event => source.num?.(event) ?? context.num,
    },
    'evt.time': {
      ...{ type: 'string', doc: 'local time with nanoseconds; in JSON the nanoseconds since 1970' },
      extract: event => clockTime(time(event)) + fraction(time(event)),
      toJson: exact,
    },
    'evt.time.s': {
      ...{ type: 'string', doc: 'local time, seconds; in JSON as evt.time' },
      extract: event => clockTime(time(event)),
      toJson: exact,
    },
    'evt.time.iso8601': {
      ...{ type: 'string', doc: 'time in ISO 8601, UTC, with nanoseconds; in JSON as evt.time' },
      extract: event => `${utcTime(time(event))}+0000`,
      toJson: exact,
    },
    'evt.datetime': {
      ...{ type: 'string', doc: 'local date and time with nanoseconds; in JSON as evt.time' },
      extract: event => `${calendarDay(time(event))} ${clockTime(time(event))}${fraction(time(event))}`,
      toJson: exact,
    },
    'evt.datetime.s': {
      ...{ type: 'string', doc: 'local date and time, seconds; in JSON as evt.time' },
      extract: event => `${calendarDay(time(event))} ${clockTime(time(event))}`,
      toJson: exact,
    },
    'evt.rawtime': {
      ...{ type: 'abstime', print: 'dec', doc: 'nanoseconds since 1970' },
      extract: exact,
    },
    'evt.rawtime.s': {
      ...{ type: 'abstime', print: 'dec', doc: 'whole seconds since 1970' },
      extract: event => narrow(seconds(time(event))),
    },
    'evt.rawtime.ns': {
      ...{ type: 'abstime', print: 'padded', doc: 'nanoseconds within the second' },
      extract: event => narrow(remainder(time(event))),
    },
    'evt.reltime': {
      ...{ type: 'reltime', print: 'padded', doc: 'nanoseconds since the first event' },
      extract: event => narrow(since(event)),
    },
    'evt.reltime.s': {
      ...{ type: 'reltime', print: 'dec', doc: 'whole seconds since the first event' },
      extract: event => narrow(seconds(since(event))),
    },
    'evt.reltime.ns': {
      ...{ type: 'reltime', print: 'padded', doc: 'nanoseconds within the second of evt.reltime.s' },
      extract: event => narrow(remainder(since(event))),
    },
    'evt.type': {
      ...{ type: 'string', doc: 'type of the event' },
      extract: event => {
        const type = source.eventType?.(event)
        return type === undefined ? undefined : String(type)
      },
    },
    'evt.source': { type: 'string', doc: 'name of the event source', extract: () => source.name },
    'evt.hostname': { type: 'string', doc: 'name of the host', extract: () => context.hostname },
    'evt.pluginname': {
      ...{ type: 'string', doc: 'name of the plugin that the event comes from' },
      extract: () => source.plugin?.name,
    },
    'evt.plugininfo': {
      ...{ type: 'string', doc: 'summary of the event by its plugin' },
      extract: event => source.plugin?.info?.(event),
    },
    'evt.is_async': { type: 'bool', doc: 'the event is asynchronous, not captured', extract: () => false },
    'evt.asynctype': { type: 'string', doc: 'name of an asynchronous event', extract: () => undefined },
  }
}

/** All fields that rules of a source may name: its own and the generic ones. */
export function allFields(source: Source): Record<string, FieldDef> {
  return { ...genericFields(source, eventContext()), ...source.fields }
}

/** Falco's `static_fields`: constants under `static.NAME`. */
export function staticFields(values: Readonly<Record<string, string>>): Record<string, FieldDef> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `static.${name}`,
      {
        type: 'string',
        suggested: true,
        doc: 'constant of the configuration',
        extract: () => value,
      } satisfies FieldDef,
    ]),
  )
}
