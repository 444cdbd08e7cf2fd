import type { RegexEngine } from '../fields/regex.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import { bytesToText, textToBytes } from '../text/encoding.ts'
import { CONSTANT_SORTS, type Constant } from './constants.ts'
import { MemoLayout } from './memo.ts'
import { type ConstantSort, OPS, Op, type OpCode, type OperandKind, WORDS } from './opcodes.ts'
import { type Program, type ProgramClause, type ProgramScope, routinesOf } from './program.ts'

/**
 * Programs as bytes: `FALC`, the version of the format, the length of a JSON header, the length of the code in words, a checksum
 * of what follows (each 32 bits, little-endian), the header, the code. Fields and scopes of the source are stored by name.
 */
const MAGIC = 0x434c_4146
/** To be raised whenever opcodes, constants or the header change, so that an older program is refused, not misread. */
export const PROGRAM_VERSION = 3

/** Bytes before the header. */
const PREFIX = 20

export type SavedField = readonly [name: string, arg: string | null, type: string]

interface Header {
  readonly source: string
  readonly roots: readonly number[]
  readonly constants: readonly Constant[]
  /** Per register: its field, null for none. */
  readonly registers: readonly (SavedField | null)[]
  readonly nodeCount: number
  /** Names of the scopes, with the number of memo slots of each. */
  readonly scopes: readonly (readonly [string, number])[]
  readonly clauses: readonly ProgramClause[]
}

export function saveProgram(program: Program): Uint8Array {
  const header: Header = {
    source: program.source,
    roots: Array.from(program.roots),
    constants: program.constants,
    registers: program.registers.map(field => (field ? saveField(field) : null)),
    nodeCount: program.nodeCount,
    scopes: program.scopes.map(scope => [scope.name, program.layout.size(scope.name)]),
    clauses: program.clauses,
  }
  const json = textToBytes(JSON.stringify(header, tag))
  const bytes = new Uint8Array(PREFIX + json.length + program.code.length * 4)
  const view = new DataView(bytes.buffer)
  bytes.set(json, PREFIX)
  for (const [i, word] of program.code.entries()) view.setInt32(PREFIX + json.length + 4 * i, word, true)
  const words = [MAGIC, PROGRAM_VERSION, json.length, program.code.length, checksum(bytes)]
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true)
  return bytes
}

/**
 * Reads a program for a source that has the fields it names. Needs neither parser nor compiler. Damage is detected. A forged
 * program always ends, but may throw while it runs: load only programs that you trust.
 * @param regex compiles `regex`; required by a program with that operator
 * @throws {Error} when the bytes are not a program of this version, are damaged, or name something that the source lacks
 */
export function loadProgram(bytes: Uint8Array, table: FieldTable, regex?: RegexEngine): Program {
  const { view, jsonLength, words } = checkProgram(bytes)
  const header = parseHeader(bytes.subarray(PREFIX, PREFIX + jsonLength))
  if (header.source !== table.source.name)
    throw new Error(`saved program is for source '${header.source}', not '${table.source.name}'`)
  const code = Int32Array.from({ length: words }, (_, i) => view.getInt32(PREFIX + jsonLength + 4 * i, true))
  const program: Program = {
    source: header.source,
    code,
    roots: Int32Array.from(header.roots),
    constants: header.constants,
    registers: header.registers.map(register => (register ? loadField(register, table) : undefined)),
    regex,
    nodeCount: header.nodeCount,
    scopes: header.scopes.map(([name]) => scopeOf(name, table)),
    layout: loadLayout(header.scopes),
    clauses: header.clauses,
  }
  verify(program)
  if (!regex && usesRegex(program)) throw lacksRegex()
  return program
}

/** Whether the bytes are an undamaged program of this version. @throws {Error} as `loadProgram` */
export function checkProgram(bytes: Uint8Array): { view: DataView; jsonLength: number; words: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < PREFIX || view.getUint32(0, true) !== MAGIC) throw new Error('not a saved program')
  const version = view.getUint32(4, true)
  if (version !== PROGRAM_VERSION)
    throw new Error(`saved program has version ${version}, this engine reads ${PROGRAM_VERSION}`)
  const jsonLength = view.getUint32(8, true)
  const words = view.getUint32(12, true)
  if (bytes.length !== PREFIX + jsonLength + words * 4) throw new Error('saved program is damaged: wrong length')
  if (view.getUint32(16, true) !== checksum(bytes)) throw new Error('saved program is damaged: wrong checksum')
  return { view, jsonLength, words }
}

export const saveField = (field: ResolvedField): SavedField => [field.name, field.argText ?? null, typeOf(field)]

/** A field as it was when the program was compiled: comparisons are made for its type. @throws {Error} when it is another one now */
export function loadField([name, arg, type]: SavedField, table: FieldTable): ResolvedField {
  const field = table.resolve(name, arg ?? undefined)
  if (typeOf(field) === type) return field
  throw new Error(
    `saved program needs field '${field.text}' of type ${type}, source '${table.source.name}' declares ${typeOf(field)}`,
  )
}

function typeOf({ type, list, def }: ResolvedField): string {
  return `${type}${list ? ' (list)' : def.anyOf ? ' (any of)' : ''}`
}

export const usesRegex = ({ constants }: Program): boolean => constants.some(isRegex)

export const lacksRegex = (): Error =>
  new Error("saved program uses the operator 'regex': pass the option regex, the Regex of @falc/engine/regex")

function isRegex(constant: Constant): boolean {
  return constant.kind === 'count' ? constant.tests.some(isRegex) : constant.kind === 'test' && constant.op === 'regex'
}

/** FNV-1a over everything after the prefix. */
function checksum(bytes: Uint8Array): number {
  return fnv(bytes, PREFIX) >>> 0
}

/** Nothing is computed after the loop: V8 compiles that before it has run, and would start again after each program. */
function fnv(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash
}

function parseHeader(bytes: Uint8Array): Header {
  try {
    const text = bytesToText(bytes)
    // Visiting every value takes longer than parsing, and few programs have values that need it.
    return JSON.parse(text, text.includes('{"$') ? untag : undefined) as Header
  } catch {
    throw new Error('saved program is damaged: its header is not JSON')
  }
}

/** @throws {Error} when the source has no such scope */
export function scopeOf(name: string, table: FieldTable): ProgramScope {
  const holder = Object.hasOwn(table.source.scopes ?? {}, name) ? table.source.scopes![name]! : undefined
  if (!holder)
    throw new Error(`saved program needs the scope '${name}', which source '${table.source.name}' does not have`)
  return { name, holder }
}

/** A layout with the slots that programs were compiled with: they refer to slots by number. */
export function loadLayout(scopes: readonly (readonly [scope: string, slots: number])[]): MemoLayout {
  const layout = new MemoLayout()
  for (const [name, slots] of scopes) layout.reserve(name, slots)
  return layout
}

/** Refuses code that could run forever or that names something missing: every word is checked here, so that running it needs no checks. */
function verify(program: Program): void {
  const { code } = program
  const routines = routinesOf(code)
  const starts = new Set(routines.map(([start]) => start))
  if (code.length % WORDS !== 0 || (routines.at(-1)?.[1] ?? 0) !== code.length)
    throw new Error('saved program is damaged: its code has no end')
  for (const [start, end] of routines) {
    for (let pc = start; pc < end; pc += WORDS) {
      const info = Object.hasOwn(OPS, code[pc]!) ? OPS[code[pc] as OpCode] : undefined
      const valid = info?.operands.every((kind, i) => isValid(program, kind, code[pc + 1 + i]!, pc, end, starts))
      if (!valid || (code[pc] === Op.field && !program.registers[code[pc + 1]!]))
        throw new Error(`saved program is damaged: instruction ${pc / WORDS}`)
    }
  }
  for (const root of program.roots)
    if (!starts.has(root)) throw new Error('saved program is damaged: a root has no routine')
}

function isValid(
  program: Program,
  kind: OperandKind,
  word: number,
  pc: number,
  end: number,
  starts: ReadonlySet<number>,
): boolean {
  switch (kind) {
    case '-':
    case 'number':
      return true
    // Jumps go forward within their routine and calls go to later routines, so every run ends.
    case 'jump':
      return word > pc && word < end && word % WORDS === 0
    case 'call':
      return word > pc && starts.has(word)
    case 'node':
      return isIndex(word, program.nodeCount)
    case 'scope':
      return isIndex(word, program.scopes.length)
    case 'slot':
      return isIndex(word, program.layout.size(program.scopes[program.code[pc + 1]!]!.name))
    case 'register':
      return isIndex(word, program.registers.length)
    default:
      return isIndex(word, program.constants.length) && isConstant(program, kind, program.constants[word]!)
  }
}

function isConstant(program: Program, sort: ConstantSort, constant: Constant): boolean {
  if (CONSTANT_SORTS[constant.kind] !== sort) return false
  const registers =
    constant.kind === 'transform' ? constant.registers : constant.kind === 'registers' ? constant.values : []
  return registers.every(register => isIndex(register, program.registers.length))
}

function isIndex(word: number, size: number): boolean {
  return Number.isInteger(word) && word >= 0 && word < size
}

/** JSON has neither bigints nor bytes. */
function tag(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (value instanceof Uint8Array) return { $bytes: Array.from(value) }
  return value
}

function untag(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('$bigint' in value) return BigInt(value.$bigint as string)
  if ('$bytes' in value) return Uint8Array.from(value.$bytes as number[])
  return value
}
