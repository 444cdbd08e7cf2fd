/**
 * Extracts a kernel's types from its image: `kernel-btf.ts VMLINUZ OUT`. OUT is raw BTF, as /sys/kernel/btf/vmlinux has it. Needs the
 * program that unpacks the image: gzip, xz or zstd.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** How a kernel behind its boot stub can be packed: the first bytes, and what unpacks it and passes over what follows. */
const PACKERS: readonly (readonly [magic: Buffer, program: string])[] = [
  [Buffer.from('1f8b08', 'hex'), 'gzip'],
  [Buffer.from('fd377a585a00', 'hex'), 'xz'],
  [Buffer.from('28b52ffd', 'hex'), 'zstd'],
]
/** struct btf_header (include/uapi/linux/btf.h): magic, version 1, no flags, size of this header; then where types and names lie. */
const HEADER = Buffer.from('9feb010018000000', 'hex')
const HEADER_SIZE = 24
/** Modules' types are smaller. */
const SMALLEST = 1 << 20

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) throw new Error('usage: kernel-btf.ts VMLINUZ OUT')
const btf = find(readFileSync(from))
if (btf === undefined) throw new Error(`${from} has no BTF`)
writeFileSync(to, btf)

function find(image: Buffer): Buffer | undefined {
  for (const kernel of kernels(image)) {
    for (const at of places(kernel, HEADER)) {
      const types = kernel.readUInt32LE(at + 8)
      const typesLength = kernel.readUInt32LE(at + 12)
      const names = kernel.readUInt32LE(at + 16)
      const end = at + HEADER_SIZE + names + kernel.readUInt32LE(at + 20)
      if (types === 0 && names === typesLength && typesLength > SMALLEST && end <= kernel.length)
        return kernel.subarray(at, end)
    }
  }
  return undefined
}

/** The image itself, then whatever can be unpacked of it. */
function* kernels(image: Buffer): Generator<Buffer> {
  yield image
  for (const [magic, program] of PACKERS) {
    for (const at of places(image, magic)) {
      const { stdout } = spawnSync(program, ['-dcqf'], { input: image.subarray(at), maxBuffer: 1 << 30 })
      if (stdout?.length > SMALLEST) yield stdout
    }
  }
}

function* places(bytes: Buffer, part: Buffer): Generator<number> {
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + 1)) yield at
}
