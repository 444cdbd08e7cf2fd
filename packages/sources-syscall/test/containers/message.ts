/** A protocol buffer message from its text: `1="text" 2=7 3={…}`, fields in the order written; `!ff` = raw bytes. */
export function encodeText(text: string): Buffer {
  if (text.startsWith('!')) return Buffer.from(text.slice(1), 'hex')
  const [fields, rest] = readFields(text)
  if (rest.trim() !== '') throw new SyntaxError(`left over: ${rest}`)
  return fields
}

function readFields(text: string): [Buffer, string] {
  const parts: Buffer[] = []
  let rest = text
  for (;;) {
    const match = /^\s*(\d+)=/.exec(rest)
    if (match === null) return [Buffer.concat(parts), rest]
    const number = Number(match[1])
    rest = rest.slice(match[0].length)
    if (rest.startsWith('"')) {
      const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)![0]
      rest = rest.slice(quoted.length)
      parts.push(delimited(number, Buffer.from(JSON.parse(quoted))))
    } else if (rest.startsWith('{')) {
      const [inner, after] = readFields(rest.slice(1))
      if (after.trimStart()[0] !== '}') throw new SyntaxError(`} expected: ${after}`)
      rest = after.trimStart().slice(1)
      parts.push(delimited(number, inner))
    } else {
      const digits = /^\d+/.exec(rest)![0]
      rest = rest.slice(digits.length)
      parts.push(varint(BigInt(number << 3)), varint(BigInt(digits)))
    }
  }
}

function delimited(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(bytes.length)), bytes])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    if (rest <= 0x7fn) return Buffer.from(bytes)
  }
}
