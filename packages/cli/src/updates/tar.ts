/** Archives of rules: regular files with plain names in one folder. Whatever else is in one is an error and is not written. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { CliError } from '../fail.ts'

export interface TarFile {
  readonly name: string
  readonly content: Buffer
}

/** Bytes of all files, unpacked. The largest public rules file has 0.2 MB. */
const MAX_BYTES = 64 * 1024 * 1024
const MAX_FILES = 1000
const BLOCK = 512

/** A name without a folder, of characters that need no quotes anywhere. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/

/** @throws {CliError} when it is not an archive, or holds more than plain files */
export function unpack(gzipped: Buffer): TarFile[] {
  const bytes = gunzip(gzipped)
  const files: TarFile[] = []
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK)
    if (head.every(byte => byte === 0)) break
    if (octal(head, 148, 8) !== sumOf(head)) throw new CliError('the archive is damaged: a checksum is wrong')
    const size = octal(head, 124, 12)
    const type = String.fromCharCode(head[156]!)
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size)
    if (content.length < size) throw new CliError('the archive is cut short')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    // Extended headers of the next file (times, long names) and folders.
    if (type === 'x' || type === 'g' || type === '5') continue
    const name = field(head, 0, 100).replace(/^(\.\/)+/, '')
    if (type !== '0' && type !== '\0') throw new CliError(`the archive holds "${name}", which is not a regular file`)
    if (!NAME.test(name) || field(head, 345, 155) !== '')
      throw new CliError(`the archive holds a file with the name "${name.slice(0, 100)}"`)
    if (files.some(file => file.name === name)) throw new CliError(`the archive holds "${name}" twice`)
    files.push({ name, content })
    if (files.length > MAX_FILES) throw new CliError(`the archive holds more than ${MAX_FILES} files`)
  }
  return files
}

/** The same bytes for the same files. @throws {CliError} for names that `unpack` refuses */
export function pack(files: readonly TarFile[]): Buffer {
  const parts = files.flatMap(({ name, content }, i) => {
    if (!NAME.test(name)) throw new CliError(`a file with the name "${name}" cannot be in an artifact`)
    if (files.findIndex(file => file.name === name) < i)
      throw new CliError(`two files with the name "${name}" cannot be in an artifact`)
    const head = Buffer.alloc(BLOCK)
    head.write(name, 0, 'latin1')
    head.write('0000644\0', 100, 'latin1')
    head.write('0000000\0', 108, 'latin1')
    head.write('0000000\0', 116, 'latin1')
    head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
    head.write('00000000000\0', 136, 'latin1')
    head.write('0ustar\u000000', 156, 'latin1')
    head.write(`${sumOf(head).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return [head, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
  })
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]))
}

function gunzip(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES })
  } catch (error) {
    throw new CliError(`the archive cannot be unpacked: ${(error as Error).message}`)
  }
}

function field(head: Buffer, from: number, length: number): string {
  return head.toString('latin1', from, from + length).replace(/\0.*$/s, '')
}

/** @throws {CliError} when it is not a number: sizes beyond 8 GiB are encoded differently */
function octal(head: Buffer, from: number, length: number): number {
  const text = field(head, from, length).trim()
  if (!/^[0-7]+$/.test(text)) throw new CliError('the archive is damaged: a number is missing')
  return Number.parseInt(text, 8)
}

/** The sum of a header, its own place taken for spaces. */
function sumOf(head: Buffer): number {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : head[i]!
  return sum
}
