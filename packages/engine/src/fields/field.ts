import { FIELD_NAME } from '../condition/field-name.ts'
import type { Kind } from '../condition/operators.ts'
import { checkOptions, type Expected } from './check-options.ts'
import { type FieldType, TYPES, type TypesOf } from './types.ts'

/**
 * The generic event interface: what a Source tells the engine about its events. An event is any object; the source
 * says how to read its time, its type and its fields.
 */

export type { FieldType }

/**
 * A value as `extract` returns it. Strings and paths are text. Integers and times are number or bigint, bigint where a number would lose
 * digits; times are nanoseconds. An IP address is text, or its 4 or 16 bytes.
 */
export type Scalar = string | number | bigint | boolean | Uint8Array
export type Value = Scalar | readonly Scalar[]

/** What `extract` returns for one value of a type that behaves as `Kind` says. */
interface ScalarOf {
  readonly text: string
  readonly number: number | bigint
  readonly bool: boolean
  readonly bytes: Uint8Array
  readonly ip: string | Uint8Array
  readonly net: string | Uint8Array
  /** Only asked for existence and printed. */
  readonly opaque: Scalar
}

/**
 * A field of a source. `type`, `list` and `anyOf` say what `extract` may return; a field whose argument decides the type (`refine`) may
 * return anything.
 */
export type FieldDef<E = any> = RefinedDef<E> | { [K in Kind]: ValueDef<E, TypesOf<K>, ScalarOf[K]> }[Kind]

// The compiler's messages speak of the last one that fits.
type ValueDef<E, T extends FieldType, V extends Scalar> = ListDef<E, T, V> | AnyOfDef<E, T, V> | SingleDef<E, T, V>

interface ListDef<E, T extends FieldType, V extends Scalar> extends Declaration<E, V | readonly V[]> {
  readonly type: T
  /** The value is a list: `in` asks for all of its elements, `intersects` for any; printed `(a,b)`. */
  readonly list: true
  readonly anyOf?: false
}

interface AnyOfDef<E, T extends FieldType, V extends Scalar> extends Declaration<E, V | readonly V[]> {
  readonly type: T
  /** Several values of which any may match (fd.ip, proc.aname without index); printed with spaces between. */
  readonly anyOf: true
  readonly list?: false
}

interface SingleDef<E, T extends FieldType, V extends Scalar> extends Declaration<E, V> {
  readonly type: T
  readonly list?: false
  readonly anyOf?: false
}

interface RefinedDef<E> extends Declaration<E, Value> {
  readonly type: FieldType
  readonly list?: boolean
  readonly anyOf?: boolean
  /** What the (parsed) argument changes about the declaration: `evt.rawarg.NAME` has that parameter's type. Called at load. */
  refine(arg: any): Pick<FieldDef, 'type' | 'list' | 'print'>
}

/** The properties of a field other than its type. */
interface Declaration<E, V extends Value> {
  /** Whether the field takes an argument. `required` is enforced at load when `argKind` or `parseArg` is declared too; otherwise `extract` must handle a missing argument. */
  readonly arg?: 'none' | 'optional' | 'required'
  /** What the argument is: a number, a name, or a path. A key may also follow the field's name after a dot: `evt.arg.name`. */
  readonly argKind?: 'index' | 'key' | 'path'
  /** A key is written in brackets only (`container.label[app]`), as for the fields of Falco's plugins. */
  readonly brackets?: true
  readonly filterOnly?: boolean
  readonly noRhs?: boolean
  readonly noTransformer?: boolean
  /** How numbers are printed. For bytes, which otherwise print as text: `base64`, or `dots` for everything but printable ASCII. `iso8601`: nanoseconds since 1970, also written like this in conditions. */
  readonly print?: 'dec' | 'hex' | 'oct' | 'id' | 'padded' | 'base64' | 'dots' | 'iso8601'
  /**
   * The only values of a text, least first, each with its spellings; the first one is the value. Conditions may write any of them, in
   * any case, and `<`, `<=`, `>` and `>=` follow their order.
   */
  readonly names?: readonly (readonly [string, ...string[]])[]
  /** What the value belongs to: `event` (default) or a key of the source's `scopes`. A field with a scope may read nothing but that scope's object. */
  readonly scope?: string
  /** Falco deprecates it: a rule that uses it loads with LOAD_DEPRECATED_ITEM. */
  readonly deprecated?: boolean
  /** Shown by append_output's suggested_output (Falco's EPF_FORMAT_SUGGESTED). */
  readonly suggested?: boolean
  readonly hidden?: boolean
  readonly doc: string
  /** Falco has removed the field: a rule that names it loads with a warning, and the field is always absent. */
  readonly removed?: boolean
  /** What one extraction costs relative to a comparison of two numbers (1); guides the order of evaluation, never its result. */
  readonly cost?: number
  /** Checks the argument at load and turns it into what `extract` receives; throws an Error with the reason. Without it an index becomes a number, and anything else stays text. */
  parseArg?(arg: string): string | number | object
  /** The field's value in an event; undefined = absent. A field that throws is absent, too, and is reported to `onError`. */
  extract(event: E, arg?: any): V | undefined
  /** Why the field is absent from an event, in a few words, the same for all events with this reason: they are counted by it. Called only then. */
  absence?(event: E, arg?: any): string | undefined
  /** What outputs show where it is not what conditions see: of proc.apid these see every ancestor's, an output the process's own. */
  printed?(event: E, arg?: any): Value | undefined
  /** The value for JSON where it is not the value itself: evt.time is text, in JSON nanoseconds. */
  toJson?(event: E, arg?: any): Value | undefined
  refine?(arg: any): Pick<FieldDef, 'type' | 'list' | 'print'>
}

/**
 * An object that clause results may be kept on: a thread, an fd. The engine fills `memo`; the source sets it to null
 * whenever anything that a field of this scope reads has changed.
 */
export interface MemoHolder {
  memo: Memo | null
}
/** The cached results of a ruleset on a MemoHolder. Opaque to sources. */
export interface Memo {
  /** The ruleset that filled it; to any other, the memo is stale. */
  readonly owner: object
  /** Two bits per memoised clause (0 unknown, 1 false, 2 true), eight clauses to an element. */
  readonly truths: number[]
  /** Per bucket of the ruleset: the set of rules that this object leaves possible (0 unknown). */
  readonly sets: number[]
}

/** How a source's event types relate to conditions. Without it, every rule is tried on every event. */
export interface EventTypes {
  /** All event types of the source: small non-negative integers. */
  readonly all: readonly number[]
  /** Fields whose value follows from the event's type: evt.type, syscall.type. */
  readonly fields: readonly string[]
  /** The types whose events can have `value` in `field`; undefined: there is no such value ("unknown event type X"). */
  typesOf(field: string, value: string): readonly number[] | undefined
  /** The value of `field` in every event of `type`; null = always absent; undefined = it differs from event to event. */
  valueOf(field: string, type: number): string | null | undefined
  /**
   * Whether an event of `type` can have a value in a field, by its declared name and its argument as written. For tools that check
   * rules. Default: it can.
   */
  carries?(field: string, arg: string | undefined, type: number): boolean
  /** Classes of events, by name, that the source can leave out of what it reads where no rule can match them: `Detector.unmatched`. */
  readonly classes?: Readonly<Record<string, EventClass>>
}

/** Events of some types that have something in common, such as that the call failed. */
export interface EventClass {
  /** The types that have such events. */
  readonly types: readonly number[]
  /**
   * The truth that a check of a field by constants has in every event of the class; undefined: it differs, or is not known. `exists`
   * has no values.
   */
  decides(field: string, arg: string | undefined, operator: string, values: readonly Scalar[]): boolean | undefined
  /** Of the class only rules count that read such a field in their condition or, `printed`, in their output. Default: all. */
  reads?(field: string, arg: string | undefined, printed: boolean): boolean
  /**
   * Fields whose values are parts of one text, in which the source can look for others before it reads such an event; with an argument:
   * `field.argument`. Default: none.
   */
  readonly searched?: ReadonlySet<string>
}

/** What is known of an event before it is parsed as a whole, so that one that no rule can match need not be (`Detector.sieve`). */
export interface EarlyFields {
  /** Whether a field, by its declared name and its argument as written, is known then. */
  reads(field: string, arg: string | undefined): boolean
  /** The truth that a check of a field by constants has in every event that may be passed over; undefined: it differs, or is not known. */
  decides?(field: string, operator: string, values: readonly Scalar[]): boolean | undefined
}

export interface SourceDef<E = any, F extends string = string> {
  readonly name: string
  readonly fields: Readonly<Record<F, FieldDef<E>>>
  /** The event's type: an element of `eventTypes.all`, or (without `eventTypes`) any name, seen as evt.type. */
  eventType?(event: E): number | string
  /** When it happened: nanoseconds since 1970, a Date, or text in ISO 8601. Default, also when it throws: the clock when the event is evaluated. */
  time?(event: E): bigint | Date | string
  /** Why an event cannot be tested: it is not one of this source, so that its fields would all be absent. RuleTester and `falc test` ask it; evaluation does not. */
  check?(event: E): string | undefined
  /** Event number as evt.num prints it (from 1). Default, also when it returns undefined: a count kept by the engine. */
  num?(event: E): number | undefined
  /**
   * Distinguishes an event from others of the same time, so that its alerts have the same `id` whenever it is evaluated: an ID that it
   * carries. Default: its number, which is the same only when the stream is evaluated again from its beginning.
   */
  id?(event: E): string | number | bigint | undefined
  /** The object that keeps the memo of a scope for this event (`thread: e => e.thread`); undefined: no memo, clauses are evaluated each time. */
  readonly scopes?: Readonly<Record<string, (event: E) => MemoHolder | undefined>>
  readonly eventTypes?: EventTypes
  readonly early?: EarlyFields
  /** Resolves an undeclared name: the field that it means, or a hint for the error message. */
  undeclared?(name: string): FieldDef<E> | string
  /** The Falco plugins that this source replaces, with the versions that rules files may require. */
  readonly plugins?: readonly { readonly name: string; readonly version: string }[]
  /** The plugin that evt.pluginname and evt.plugininfo report. */
  readonly plugin?: { readonly name: string; info?(event: E): string | undefined }
}

/** @typeParam F names of the fields, where they are known */
export interface Source<E = any, F extends string = string> extends SourceDef<E, F> {
  readonly kind: 'source'
}

/** The events of a source. */
export type EventOf<S> = S extends Source<infer E, any> ? E : never

const SOURCE_KEYS = {
  ...{ name: 'text', fields: 'object', eventType: 'function', time: 'function', check: 'function', num: 'function' },
  ...{ id: 'function', undeclared: 'function' },
  ...{ scopes: 'object', eventTypes: 'object', early: 'object', plugins: 'list', plugin: 'object' },
  // Of a source that is derived from another one: { ...source, name }.
  kind: { oneOf: ['source'] },
} as const satisfies Record<keyof Source, Expected>
const FIELD_KEYS = {
  type: { oneOf: Object.keys(TYPES) },
  ...{ list: 'boolean', anyOf: 'boolean', filterOnly: 'boolean', noRhs: 'boolean', noTransformer: 'boolean' },
  arg: { oneOf: ['none', 'optional', 'required'] },
  argKind: { oneOf: ['index', 'key', 'path'] },
  brackets: 'boolean',
  print: { oneOf: ['dec', 'hex', 'oct', 'id', 'padded', 'base64', 'dots', 'iso8601'] },
  names: 'list',
  ...{ scope: 'text', deprecated: 'boolean', suggested: 'boolean', hidden: 'boolean', removed: 'boolean', doc: 'text' },
  ...{
    cost: 'number',
    parseArg: 'function',
    extract: 'function',
    refine: 'function',
    toJson: 'function',
    printed: 'function',
  },
  absence: 'function',
} as const satisfies Record<keyof RefinedDef<any>, Expected>
const NAME = new RegExp(`^${FIELD_NAME}$`)

/**
 * Declares an event source. The type of its events is given (`defineSource<Login>({…})`), or inferred from the first function
 * that declares it (`time: (login: Login) => login.at`); only then are the fields' names known to the compiler, too.
 * @throws {TypeError} naming the field, for an unknown property or value, and when something is missing or contradictory
 */
export function defineSource<E, const F extends string = string>(def: SourceDef<E, F>): Source<E, F> {
  checkOptions('defineSource', def, SOURCE_KEYS)
  if (typeof def.name !== 'string' || def.name === '') throw new TypeError('a source needs a name')
  if (def.fields === undefined) throw new TypeError(`source '${def.name}': needs fields`)
  const scopes = def.scopes ?? {}
  for (const [scope, holder] of Object.entries(scopes)) {
    if (scope === 'event')
      throw new TypeError(`source '${def.name}': the scope 'event' has no memo and cannot be declared`)
    if (typeof holder !== 'function') throw new TypeError(`source '${def.name}': scope '${scope}' must be a function`)
  }
  for (const [name, field] of Object.entries<FieldDef>(def.fields)) {
    const what = `source '${def.name}': field '${name}'`
    if (!NAME.test(name))
      throw new TypeError(
        `${what}: not a name that rules can use: two or more parts joined by dots, each of letters, digits and _, with a letter first`,
      )
    checkOptions(what, field, FIELD_KEYS)
    const fault = faultOf(field, ['event', ...Object.keys(scopes)])
    if (fault) throw new TypeError(`${what}: ${fault}`)
  }
  for (const field of def.eventTypes?.fields ?? []) {
    if (!Object.hasOwn(def.fields, field))
      throw new TypeError(`source '${def.name}': field '${field}': named by eventTypes but not declared`)
  }
  return { ...def, kind: 'source' }
}

/** What is missing or contradictory in a declaration. */
function faultOf(field: FieldDef, scopes: readonly string[]): string | undefined {
  if (field.type === undefined) return 'has no type'
  if (field.extract === undefined) return 'has no extract function'
  if (field.scope !== undefined && !scopes.includes(field.scope))
    return `unknown scope '${field.scope}' (allowed: ${scopes.join(', ')})`
  if (field.list && field.anyOf) return 'list and anyOf exclude each other'
  return undefined
}
