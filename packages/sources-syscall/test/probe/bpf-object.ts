/** Reads a BPF object (ELF, as clang and bpftool write it): its functions, the stack of each, and which functions it calls. */

export interface BpfFunction {
  readonly name: string
  /** Bytes below its frame pointer that it uses. */
  readonly stack: number
  readonly calls: readonly string[]
  readonly tailCalls: boolean
  /** A program, which is attached or tail-called; others are functions that are called. */
  readonly isProgram: boolean
}

interface Section {
  readonly name: number
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
  readonly link: number
  /** Of relocations: the section that they apply to. */
  readonly info: number
}

interface Symbol {
  readonly name: string
  readonly kind: number
  readonly section: number
  /** Bytes from the start of its section. */
  readonly value: number
  readonly size: number
}

const SYMTAB = 2
const REL = 9
const EXECUTABLE = 4
const FUNC = 2
const INSTRUCTION = 8

/** Opcodes (linux/bpf.h). */
const LOAD_64 = 0x18
const CALL = 0x85
const MOVE = 0xbf
const ADD_CONSTANT = 0x07
/** Source register of a call within the object. */
const PSEUDO_CALL = 1
const FRAME_POINTER = 10
const TAIL_CALL = 12

/** Offsets and sizes of its sections, by name. @throws {Error} when it is not a BPF object */
export function readSections(elf: Buffer): Map<string, { readonly offset: number; readonly size: number }> {
  const sections = allSections(elf)
  return new Map(sections.map((one, i) => [text(elf, sections, i), one]))
}

function allSections(elf: Buffer): Section[] {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) throw new Error('no 64-bit little-endian ELF')
  return Array.from({ length: elf.readUInt16LE(60) }, (_, i) =>
    section(elf, number(elf, 40) + i * elf.readUInt16LE(58)),
  )
}

/** @throws {Error} when it is not a BPF object, or calls a function that it does not have */
export function readFunctions(elf: Buffer): BpfFunction[] {
  const sections = allSections(elf)
  const table = sections.find(({ type }) => type === SYMTAB)
  if (table === undefined) throw new Error('no symbols')
  const symbols = Array.from({ length: table.size / 24 }, (_, i) =>
    symbol(elf, table.offset + i * 24, sections[table.link]!),
  )
  const functions = symbols.filter(
    ({ kind, section }) => kind === FUNC && (sections[section]!.flags & EXECUTABLE) !== 0,
  )
  const relocated = new Map<number, Symbol>()
  for (const { type, offset, size, info } of sections)
    if (type === REL)
      for (let at = offset; at < offset + size; at += 16)
        relocated.set(sections[info]!.offset + number(elf, at), symbols[elf.readUInt32LE(at + 12)]!)
  const at = (section: number, value: number) => {
    const found = functions.find(one => one.section === section && one.value === value)
    if (found === undefined) throw new Error(`there is no function at ${value} of section ${section}`)
    return found.name
  }
  const callee = (one: Symbol, from: number, place: number) => {
    const constant = elf.readInt32LE(from + 4)
    const target = relocated.get(from)
    if (target === undefined) return at(one.section, place + (constant + 1) * INSTRUCTION)
    if (target.section === 0) return undefined // a function of the kernel
    return at(target.section, target.kind === FUNC ? target.value : target.value + (constant + 1) * INSTRUCTION)
  }
  return functions.map(one => {
    const start = sections[one.section]!.offset
    const code = { stack: 0, calls: new Set<string>(), tailCalls: false }
    /** How far below the frame pointer each register points. */
    const below = new Map<number, number>([[FRAME_POINTER, 0]])
    const used = (bytes: number) => (code.stack = Math.max(code.stack, bytes))
    for (let place = one.value; place < one.value + one.size; place += INSTRUCTION) {
      const from = start + place
      const opcode = elf[from]!
      const to = elf[from + 1]! & 15
      const source = elf[from + 1]! >> 4
      const kind = opcode & 7
      if (opcode === CALL) {
        const called = source === PSEUDO_CALL ? callee(one, from, place) : undefined
        if (called !== undefined) code.calls.add(called)
        code.tailCalls ||= source === 0 && elf.readInt32LE(from + 4) === TAIL_CALL
        for (let register = 0; register < 6; register++) below.delete(register)
        continue
      }
      // Loads, stores; the rest are calculations and jumps.
      if (kind === 1 && below.has(source)) used(below.get(source)! - elf.readInt16LE(from + 2))
      if ((kind === 2 || kind === 3) && below.has(to)) used(below.get(to)! - elf.readInt16LE(from + 2))
      if (opcode === MOVE && below.has(source)) below.set(to, below.get(source)!)
      else if (opcode === ADD_CONSTANT && below.has(to)) {
        below.set(to, below.get(to)! - elf.readInt32LE(from + 4))
        used(below.get(to)!)
      } else if (kind === 0 || kind === 1 || kind === 4 || kind === 7) below.delete(to)
      if (opcode === LOAD_64) place += INSTRUCTION
    }
    // Functions in .text are only called.
    return { ...code, name: one.name, calls: [...code.calls], isProgram: text(elf, sections, one.section) !== '.text' }
  })
}

/** Fields of these files fit into a number. */
function number(elf: Buffer, at: number): number {
  return Number(elf.readBigUInt64LE(at))
}

function section(elf: Buffer, at: number): Section {
  return {
    name: elf.readUInt32LE(at),
    type: elf.readUInt32LE(at + 4),
    flags: number(elf, at + 8),
    offset: number(elf, at + 24),
    size: number(elf, at + 32),
    link: elf.readUInt32LE(at + 40),
    info: elf.readUInt32LE(at + 44),
  }
}

function symbol(elf: Buffer, at: number, names: Section): Symbol {
  return {
    name: string(elf, names.offset + elf.readUInt32LE(at)),
    kind: elf[at + 4]! & 15,
    section: elf.readUInt16LE(at + 6),
    value: number(elf, at + 8),
    size: number(elf, at + 16),
  }
}

function text(elf: Buffer, sections: readonly Section[], index: number): string {
  return string(elf, sections[elf.readUInt16LE(62)]!.offset + sections[index]!.name)
}

function string(elf: Buffer, at: number): string {
  return elf.toString('latin1', at, elf.indexOf(0, at))
}
