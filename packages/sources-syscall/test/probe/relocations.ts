/** Reads from a BPF object (its sections .BTF and .BTF.ext) the types whose offsets the loader looks up in the running kernel. */
import { readSections } from './bpf-object.ts'

/** By kind of type (linux/btf.h): bytes after the head of its entry, by the number of its members. */
const HEAD = 12
const TAILS: Readonly<Record<number, (members: number) => number>> = {
  1: () => 4, // an integer
  3: () => 12, // an array
  4: members => members * 12,
  5: members => members * 12,
  6: members => members * 8,
  13: members => members * 8,
  14: () => 4,
  15: members => members * 12,
  17: () => 4,
  19: members => members * 12,
}
const RELOCATION = 16

/** @throws {Error} when it is not a BPF object */
export function relocatedTypes(elf: Buffer): Set<string> {
  const sections = readSections(elf)
  const of = (name: string) => {
    const found = sections.get(name)
    if (found === undefined) throw new Error(`no section ${name}`)
    return elf.subarray(found.offset, found.offset + found.size)
  }
  const btf = of('.BTF')
  const head = btf.readUInt32LE(4)
  const strings = head + btf.readUInt32LE(16)
  const names: string[] = [''] // types count from 1
  const end = head + btf.readUInt32LE(8) + btf.readUInt32LE(12)
  for (let at = head + btf.readUInt32LE(8); at < end; ) {
    const name = strings + btf.readUInt32LE(at)
    const info = btf.readUInt32LE(at + 4)
    names.push(btf.toString('latin1', name, btf.indexOf(0, name)))
    at += HEAD + (TAILS[(info >> 24) & 31]?.(info & 0xffff) ?? 0)
  }
  const extension = of('.BTF.ext')
  const from = extension.readUInt32LE(4) + extension.readUInt32LE(24)
  const found = new Set<string>()
  for (let at = from + 4; at < from + extension.readUInt32LE(28); ) {
    const count = extension.readUInt32LE(at + 4)
    at += 8
    for (let i = 0; i < count; i++, at += RELOCATION) found.add(names[extension.readUInt32LE(at + 4)]!)
  }
  return found
}
