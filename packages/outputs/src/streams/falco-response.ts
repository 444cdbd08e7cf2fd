/** The messages of Falco's former gRPC service `falco.outputs.service`, as protobuf: falco-outputs.proto in this package describes them. */
import { type AlertData, priorityLevel } from '@falc/engine'
import { fieldText } from '../text/alert-fields.ts'

/** Numbers of the enum falco.schema.source, which knows no others. */
const SOURCES: Readonly<Record<string, number>> = { syscall: 0, k8s_audit: 1, internal: 2 }
const PLUGIN = 3

const VARINT = 0
const BYTES = 2

/** One message `falco.outputs.response`. */
export function encodeResponse(alert: AlertData): Buffer {
  const { time, priority, source, rule, output, output_fields, hostname = '', tags } = alert
  return Buffer.concat([
    bytes(1, Buffer.concat([number(1, time / 1_000_000_000n), number(2, time % 1_000_000_000n)])),
    number(2, priorityLevel(priority)),
    number(3, SOURCES[source] ?? PLUGIN),
    text(4, rule),
    text(5, output),
    ...Object.entries(output_fields).map(([name, value]) =>
      bytes(6, Buffer.concat([text(1, name), text(2, typeof value === 'string' ? value : fieldText(value))])),
    ),
    text(7, hostname),
    ...tags.map(tag => bytes(8, Buffer.from(tag))),
    text(9, source),
  ])
}

/** Numbers and texts that are 0 or empty are left out. */
function number(field: number, value: number | bigint): Buffer {
  return Number(value) === 0 ? EMPTY : Buffer.concat([varint((field << 3) | VARINT), varint(value)])
}

function text(field: number, value: string): Buffer {
  return value === '' ? EMPTY : bytes(field, Buffer.from(value))
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | BYTES), varint(value.length), value])
}

function varint(value: number | bigint): Buffer {
  const groups: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) groups.push(Number(rest & 127n) | 128)
  groups.push(Number(rest))
  return Buffer.from(groups)
}

const EMPTY = Buffer.alloc(0)
