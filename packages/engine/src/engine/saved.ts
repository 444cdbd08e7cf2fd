import type { AlertTemplate } from '../alert/plan.ts'
import type { Backend } from '../bytecode/evaluator.ts'
import type { Program } from '../bytecode/program.ts'
import {
  checkProgram,
  lacksRegex,
  loadField,
  loadLayout,
  loadProgram,
  type SavedField,
  scopeOf,
} from '../bytecode/save.ts'
import { checkOptions, type Expected } from '../fields/check-options.ts'
import { eventContext } from '../fields/evt.ts'
import type { FieldFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { RegexEngine } from '../fields/regex.ts'
import { fieldTable } from '../fields/table.ts'
import type { RulesetShape } from '../ruleset/ruleset.ts'
import type { Unmatched } from '../ruleset/unmatched.ts'
import { bytesToText } from '../text/encoding.ts'
import { Detector } from './detector.ts'
import { checkSources, ENGINE_OPTIONS } from './options.ts'
import { SourceRules } from './source-rules.ts'

/**
 * A saved ruleset: `FALR`, the format's version, the length of the JSON header (32 bits each, little-endian), the header,
 * then the programs one after the other.
 */
export const RULESET_MAGIC = 0x524c_4146
/** Incremented whenever the header changes. Programs have their own version. */
export const RULESET_VERSION = 8

export interface SavedHeader {
  readonly first: boolean
  readonly iso8601: boolean
  readonly staticFields: Readonly<Record<string, string>>
  /** Plugins whose fields rules may name. */
  readonly plugins: readonly string[]
  readonly sources: readonly SavedSource[]
}

export interface SavedSource {
  readonly name: string
  readonly alerts: readonly AlertTemplate[]
  readonly buckets: RulesetShape['buckets']
  readonly bucketOf: readonly number[] | 0
  /** Slots per scope that the programs of the source share. */
  readonly memo: readonly (readonly [scope: string, slots: number])[]
  /** What the programs read. */
  readonly fields: readonly SavedField[]
  /** Whether one of them uses the operator `regex`. */
  readonly regex: boolean
  /** Bytes of each bucket's program. */
  readonly programs: readonly number[]
  /** The last program is the sieve. */
  readonly sieve: boolean
  readonly unmatched: Unmatched
}

export interface SavedOptions<S extends Source = Source> {
  readonly sources: readonly S[]
  /** Only the rules of these sources. Default: all, and a source that is missing is an error. */
  readonly partly?: boolean
  readonly hostname?: string
  /** As in the options of an engine. */
  readonly identity?: string
  /** Default: jit. */
  readonly backend?: Backend
  /** As in the options of an engine. */
  readonly onError?: (failure: FieldFailure) => void
  /** The `Regex` of `@falc/engine/regex`, for rules that use the operator `regex`. */
  readonly regex?: RegexEngine
}

const { sources, hostname, identity, backend, onError } = ENGINE_OPTIONS
const SAVED_OPTIONS = {
  ...{ sources, hostname, identity, backend, onError },
  ...{ regex: 'function', partly: 'boolean' },
} satisfies Record<keyof SavedOptions, Expected>

/**
 * Loads a ruleset that `engine.save()` returned, without the parsers of conditions and YAML.
 * Checksums find damage, not forgery: programs are verified when an event first needs them, and evaluation throws if one is not sound.
 * @throws {Error} when the bytes are damaged, have another version, or need a source or field that is missing or of another type
 */
export function loadRuleset<S extends Source>(bytes: Uint8Array, options: SavedOptions<S>): Detector<S> {
  checkOptions('loadRuleset', options, SAVED_OPTIONS)
  checkSources('loadRuleset', options.sources)
  const { header, programs } = readRuleset(bytes)
  let at = 0
  const rules = header.sources.flatMap(saved => {
    const source = options.sources.find(({ name }) => name === saved.name)
    if (!source) {
      at += saved.programs.reduce((sum, length) => sum + length, 0)
      // Sources without rules are saved too, since their events may still be evaluated.
      if (options.partly || saved.alerts.length === 0) return []
      throw new Error(`saved ruleset needs source '${saved.name}'`)
    }
    const context = eventContext(options.hostname)
    const table = fieldTable(source, { context, plugins: header.plugins, staticFields: header.staticFields })
    for (const [scope] of saved.memo) scopeOf(scope, table)
    const layout = loadLayout(saved.memo)
    // Whether they are whole, and fit, is known now; they are read when an event first needs them.
    const parts = saved.programs.map(length => programs.subarray(at, (at += length)))
    for (const part of parts) checkProgram(part)
    if (saved.regex && !options.regex) throw lacksRegex()
    const fields = saved.fields.map(field => loadField(field, table))
    const loaded: (Program | undefined)[] = []
    const load = (n: number) => (loaded[n] ??= loadProgram(parts[n]!, table, options.regex))
    const bucketOf: Int32Array | 0 = saved.bucketOf === 0 ? 0 : Int32Array.from(saved.bucketOf)
    const shape = { rules: saved.alerts.length, buckets: saved.buckets, bucketOf }
    const plan = {
      ...{ table, shape, layout },
      program: (bucket: number) => ({ ...load(bucket), layout }),
      sieve: () => (saved.sieve ? load(parts.length - 1) : undefined),
      unmatched: () => saved.unmatched,
      fields: () => fields,
    }
    const { hostname, identity, backend, onError } = options
    const settings = { hostname, identity, backend, onError, iso8601: header.iso8601, first: header.first }
    return new SourceRules(plan, context, saved.alerts, settings)
  })
  return new Detector(rules)
}

function readRuleset(bytes: Uint8Array): { header: SavedHeader; programs: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 12 || view.getUint32(0, true) !== RULESET_MAGIC) throw new Error('not a saved ruleset')
  const version = view.getUint32(4, true)
  if (version !== RULESET_VERSION)
    throw new Error(`saved ruleset has version ${version}, this engine reads ${RULESET_VERSION}`)
  const end = 12 + view.getUint32(8, true)
  let header: SavedHeader
  try {
    header = JSON.parse(bytesToText(bytes.subarray(12, end)))
  } catch {
    throw new Error('saved ruleset is damaged: its header is not JSON')
  }
  const programs = bytes.subarray(end)
  const length = header.sources.reduce((sum, source) => source.programs.reduce((n, size) => n + size, sum), 0)
  if (programs.length !== length) throw new Error('saved ruleset is damaged: wrong length')
  return { header, programs }
}
