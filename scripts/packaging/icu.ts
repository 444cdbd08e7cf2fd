/**
 * Removes from Node ICU's data of languages other than English, a fifth of the program; `./configure --with-intl=small-icu` leaves out the
 * same when Node is compiled. Falc compares and prints no text by a locale. Everything that is left keeps its address: the segment that
 * holds the data becomes two, with a hole between them where the rest was.
 */
import { readFileSync, writeFileSync } from 'node:fs'

/** Bundles of a locale, in all of ICU's trees; and what is for other scripts only: dictionaries, transliteration, converters. */
const LOCALE = /^(?:[a-z]+\/)?(?<locale>(?!res_index)[a-z]{2,3})(?:_\w+)?\.res$/
const OTHER_SCRIPTS = /^translit\/|\.(?:dict|cnv|cfu)$/

function isKept(name: string): boolean {
  const { locale } = LOCALE.exec(name)?.groups ?? {}
  return locale === undefined ? !OTHER_SCRIPTS.test(name) : locale === 'en'
}

const PT_LOAD = 1
const PT_NOTE = 4
const SHT_DYNSYM = 11
const SHT_NOBITS = 8

interface Segment {
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly size: number
  readonly memory: number
  readonly align: number
}

/** @throws {Error} when the program is not one of Node's with ICU's data inside */
export function trimIcu(path: string): void {
  writeFileSync(path, withoutLanguages(readFileSync(path)))
}

/** @param program a 64-bit little-endian ELF program; not changed */
function withoutLanguages(program: Buffer): Buffer {
  if (program.readUInt32BE(0) !== 0x7f454c46 || program.readUInt16BE(4) !== 0x0201)
    throw new Error('not a 64-bit little-endian ELF program')
  const segments = segmentsOf(program)
  const address = addressOfData(program)
  const holder = segments.find(
    one => one.type === PT_LOAD && one.address <= address && address < one.address + one.size,
  )
  if (holder === undefined) throw new Error("ICU's data are in no segment")
  const start = address - holder.address + holder.offset
  const fewer = trimmed(program, start)
  if (fewer === undefined) return program
  const { data, last } = fewer
  const from = roundUp(start + data.length, holder.align)
  const to = last - (last % holder.align)
  if (to <= from) throw new Error('nothing of it can be left out')
  const gone = to - from
  const moved = (offset: number) => (offset >= to ? offset - gone : offset)

  const out = Buffer.concat([program.subarray(0, from), program.subarray(to)])
  out.fill(0, start, from)
  data.copy(out, start)

  const first = { ...holder, size: from - holder.offset, memory: from - holder.offset }
  const left = holder.offset + holder.size - to
  const second = { ...holder, offset: from, address: holder.address + to - holder.offset, size: left, memory: left }
  // The table has no room for one more. What the note says, the digest of the program as it was linked, is no longer true.
  const list = segments
    .filter(({ type }) => type !== PT_NOTE)
    .flatMap(one => (one === holder ? [first, second] : [{ ...one, offset: moved(one.offset) }]))
  if (list.length > segments.length) throw new Error('there is no room for another segment')
  writeSegments(out, list)
  return withSections(program, out, from, to, moved)
}

/**
 * ICU's package of its data: a header, a table of names and offsets, sorted by name, the items.
 * @returns one with fewer items, and where the last of all began in the program; undefined when all are kept
 */
function trimmed(program: Buffer, start: number): { data: Buffer; last: number } | undefined {
  const header = program.readUInt16LE(start)
  if (program.readUInt16LE(start + 2) !== 0x27da || program.toString('latin1', start + 12, start + 16) !== 'CmnD')
    throw new Error("ICU's data have no header")
  const table = start + header
  const items = Array.from({ length: program.readUInt32LE(table) }, (_, index) => {
    const [name, offset] = [0, 4].map(part => table + program.readUInt32LE(table + 4 + 8 * index + part)) as [
      number,
      number,
    ]
    return { name: program.subarray(name, program.indexOf(0, name) + 1), offset }
  })
  const last = items.at(-1)!.offset
  // The last, whose size is said nowhere, is one of those that go; in what was trimmed before, it is not.
  const kept = items.flatMap(({ name, offset }, index) => {
    const path = name.toString('latin1', name.indexOf('/') + 1, name.length - 1)
    return isKept(path) ? { name, bytes: program.subarray(offset, items[index + 1]?.offset) } : []
  })
  if (kept.length === items.length) return undefined
  const toc = Buffer.alloc(4 + 8 * kept.length)
  toc.writeUInt32LE(kept.length, 0)
  let name = toc.length
  let offset = roundUp(name + kept.reduce((sum, one) => sum + one.name.length, 0), 16)
  const parts = [program.subarray(start, table), toc, ...kept.map(one => one.name)]
  parts.push(Buffer.alloc(offset - kept.reduce((sum, one) => sum + one.name.length, toc.length)))
  for (const [index, one] of kept.entries()) {
    toc.writeUInt32LE(name, 4 + 8 * index)
    toc.writeUInt32LE(offset, 8 + 8 * index)
    name += one.name.length
    offset += one.bytes.length
    parts.push(one.bytes)
  }
  return { data: Buffer.concat(parts), last }
}

const roundUp = (value: number, unit: number) => Math.ceil(value / unit) * unit
const u64 = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at))
const put64 = (bytes: Buffer, at: number, value: number) => bytes.writeBigUInt64LE(BigInt(value), at)

/** Of the symbol icudt78_dat, whatever the number, which the program exports. */
function addressOfData(program: Buffer): number {
  const sections = sectionsOf(program)
  const symbols = sections.find(({ type }) => type === SHT_DYNSYM)
  if (symbols === undefined) throw new Error('the program exports nothing')
  const names = sections[symbols.link]!
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    const name = names.offset + program.readUInt32LE(at)
    if (/^icudt\d+_dat\0/.test(program.toString('latin1', name, name + 16))) return u64(program, at + 8)
  }
  throw new Error("the program has no data of ICU's")
}

function segmentsOf(program: Buffer): Segment[] {
  const table = u64(program, 32)
  return Array.from({ length: program.readUInt16LE(56) }, (_, index) => {
    const at = table + 56 * index
    const [offset, address, , size, memory, align] = [8, 16, 24, 32, 40, 48].map(part => u64(program, at + part))
    return {
      type: program.readUInt32LE(at),
      flags: program.readUInt32LE(at + 4),
      offset: offset!,
      address: address!,
      size: size!,
      memory: memory!,
      align: align!,
    }
  })
}

function writeSegments(program: Buffer, segments: readonly Segment[]): void {
  for (const [index, { type, flags, offset, address, size, memory, align }] of segments.entries()) {
    const at = u64(program, 32) + 56 * index
    program.writeUInt32LE(type, at)
    program.writeUInt32LE(flags, at + 4)
    for (const [part, value] of [offset, address, address, size, memory, align].entries())
      put64(program, at + 8 + 8 * part, value)
  }
  program.writeUInt16LE(segments.length, 56)
}

const SECTION = 64

function sectionsOf(program: Buffer): { at: number; type: number; offset: number; size: number; link: number }[] {
  return Array.from({ length: program.readUInt16LE(60) }, (_, index) => {
    const at = u64(program, 40) + SECTION * index
    const [offset, size] = [u64(program, at + 24), u64(program, at + 32)]
    return { at, type: program.readUInt32LE(at + 4), offset, size, link: program.readUInt32LE(at + 40) }
  })
}

/** Sections are for tools, such as those that find a package's dependencies: the one with the hole is two as well. */
function withSections(
  program: Buffer,
  out: Buffer,
  from: number,
  to: number,
  moved: (offset: number) => number,
): Buffer {
  const sections = sectionsOf(program)
  const table = Buffer.alloc(SECTION * (sections.length + 1))
  for (const [index, { at, type, offset, size }] of sections.entries()) {
    const entry = table.subarray(SECTION * index, SECTION * (index + 1))
    program.copy(entry, 0, at, at + SECTION)
    put64(entry, 24, moved(offset))
    if (type === SHT_NOBITS || offset > from || offset + size < to) continue
    const rest = table.subarray(SECTION * sections.length)
    entry.copy(rest)
    put64(entry, 32, from - offset)
    put64(rest, 16, u64(entry, 16) + to - offset)
    put64(rest, 24, from)
    put64(rest, 32, offset + size - to)
  }
  const padding = Buffer.alloc(roundUp(out.length, 8) - out.length)
  put64(out, 40, out.length + padding.length)
  out.writeUInt16LE(sections.length + 1, 60)
  return Buffer.concat([out, padding, table])
}
