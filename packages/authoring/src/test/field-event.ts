import { defineSource, type FieldDef, nearest, type Scalar, type Source, type Value } from '@falc/engine'
import { TYPES } from '@falc/engine/analysis'

/** An event of a test, given by its fields. All others are absent. */
export class FieldEvent {
  readonly #values: ReadonlyMap<string, unknown>

  /** @param values by field as conditions write it: `evt.type`, `proc.aname[2]`, `evt.arg.flags` */
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = new Map(Object.entries(values))
  }

  get fields(): Iterable<string> {
    return this.#values.keys()
  }

  /** The value of a field as it was given; undefined = absent. */
  get(name: string, arg?: string): unknown {
    if (arg === undefined) return this.#values.get(name)
    return this.#values.get(`${name}[${arg}]`) ?? this.#values.get(`${name}.${arg}`)
  }
}

/** An argument of a field as it was written, and as the source reads it. */
interface Argument {
  readonly text: string
  readonly parsed: unknown
}

/** A source whose fields also read `FieldEvent`s, so that both kinds of events meet the same rules. */
export function testable(source: Source): Source {
  const { eventTypes, fields, undeclared, scopes = {} } = source
  const own =
    <T>(read: ((event: any) => T) | undefined, given: (event: FieldEvent) => T | undefined) =>
    (event: unknown) =>
      (event instanceof FieldEvent ? given(event) : read?.(event)) as T
  return defineSource({
    ...source,
    fields: Object.fromEntries(Object.entries<FieldDef>(fields).map(([name, def]) => [name, readable(name, def)])),
    ...(undeclared && {
      undeclared: (name: string) => {
        const def = undeclared(name)
        return typeof def === 'string' ? def : readable(name, def)
      },
    }),
    eventType: own(source.eventType, event => {
      const type = String(event.get('evt.type') ?? '')
      return eventTypes ? (eventTypes.typesOf('evt.type', type)?.[0] ?? -1) : type
    }),
    time: own(source.time, () => 1_767_261_600_000_000_000n),
    ...(source.num && { num: own(source.num, event => Number(event.get('evt.num') ?? 1)) }),
    ...(source.id && { id: own<any>(source.id, () => undefined) }),
    scopes: Object.fromEntries(
      Object.entries(scopes).map(([name, holder]) => [name, own(holder as (event: any) => any, () => undefined)]),
    ),
    check: event => (event instanceof FieldEvent ? faultOf(event, source) : source.check?.(event)),
  })
}

function readable(name: string, def: FieldDef): FieldDef {
  const parse = (text: string): Argument => ({ text, parsed: parsedArgument(def, text) })
  const { refine, toJson, printed } = def as FieldDef & {
    refine?: (arg: unknown) => Pick<FieldDef, 'type' | 'list' | 'print'>
  }
  const given = (event: FieldEvent, arg: Argument | undefined) => {
    const { type, list } = refine && arg ? refine(arg.parsed) : def
    const value = event.get(name, arg?.text)
    return value === undefined ? undefined : converted(value, TYPES[type].kind, list === true || def.anyOf === true)
  }
  const made = {
    ...def,
    ...(def.arg && def.arg !== 'none' && { parseArg: parse }),
    extract: (event: unknown, arg?: Argument) =>
      event instanceof FieldEvent ? given(event, arg) : (def.extract(event, arg?.parsed) as Value | undefined),
    ...(refine && { refine: (arg?: Argument) => refine(arg?.parsed) }),
    ...(printed && {
      printed: (event: unknown, arg?: Argument) =>
        event instanceof FieldEvent ? given(event, arg) : printed(event, arg?.parsed),
    }),
    ...(toJson && {
      toJson: (event: unknown, arg?: Argument) =>
        event instanceof FieldEvent ? given(event, arg) : toJson(event, arg?.parsed),
    }),
  }
  return made as unknown as FieldDef
}

/** As the engine reads an argument that the source does not read itself. @throws {Error} with the reason */
function parsedArgument(def: FieldDef, text: string): unknown {
  if (def.parseArg) return def.parseArg(text)
  if (def.argKind !== 'index') return text
  if (!/^\d{1,9}$/.test(text)) throw new Error('not an index')
  return Number(text)
}

function converted(value: unknown, kind: string, several: boolean): Value | undefined {
  if (Array.isArray(value)) {
    const values = value.map(one => scalar(one, kind))
    return several ? values : values[0]
  }
  return scalar(value, kind)
}

function scalar(value: unknown, kind: string): Scalar {
  const text = String(value)
  switch (kind) {
    case 'number':
      return typeof value === 'bigint' || typeof value === 'number'
        ? value
        : /^-?\d+$/.test(text)
          ? narrow(BigInt(text))
          : Number(text)
    case 'bool':
      return text === 'true'
    case 'bytes':
      return new TextEncoder().encode(text)
    default:
      return text
  }
}

function narrow(value: bigint): number | bigint {
  return BigInt(Number(value)) === value ? Number(value) : value
}

/** Why an event cannot be tested: an unknown field, or a missing type where types decide which rules see it. */
function faultOf(event: FieldEvent, source: Source): string | undefined {
  const { fields, eventTypes, name: of } = source
  for (const name of event.fields) {
    const plain = name.replace(/\[.*\]$/, '')
    const known = (text: string): boolean =>
      Object.hasOwn(fields, text) ||
      /^(evt|static|jevt)\./.test(text) ||
      (text.includes('.') && known(text.replace(/\.[^.]*$/, '')))
    if (known(plain) || source.undeclared?.(plain)) continue
    const guess = nearest(plain, Object.keys(fields))
    return `source ${of} has no field ${name}${guess === undefined ? '' : `, did you mean ${guess}?`}`
  }
  if (!eventTypes) return undefined
  const type = event.get('evt.type')
  if (type === undefined) return 'it has no evt.type'
  if (eventTypes.typesOf('evt.type', String(type))) return undefined
  const names = new Set(eventTypes.all.flatMap(one => eventTypes.valueOf('evt.type', one) ?? []))
  const guess = nearest(String(type), names)
  return `there is no event type ${String(type)}${guess === undefined ? '' : `, did you mean ${guess}?`}`
}
