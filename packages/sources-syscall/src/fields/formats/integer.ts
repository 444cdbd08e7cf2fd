import type { SyscallEvent } from '../../event.ts'
import { PARAM_SIZES, type ParamType } from '../../events/params.ts'

/** Converts a bigint to a number if that is lossless: rules compare and print it the same way, at lower cost. */
export function integer(value: bigint): number | bigint {
  return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : value
}

/** Types whose numbers may be negative. */
const SIGNED: ReadonlySet<ParamType> = new Set<ParamType>([
  'int8',
  'int16',
  'int32',
  'int64',
  'errno',
  'fd',
  'fd32',
  'pid',
  'pid32',
])

/** Reads a number of any size; undefined if the recorded size differs from the size of the type. */
export function readInteger(
  event: SyscallEvent,
  type: ParamType,
  at: number,
  length: number,
): number | bigint | undefined {
  const { view } = event
  if (length !== PARAM_SIZES[type]) return undefined
  const signed = SIGNED.has(type)
  switch (length) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at)
    case 2:
      return signed ? view.getInt16(at, true) : view.getUint16(at, true)
    case 4:
      return signed ? view.getInt32(at, true) : view.getUint32(at, true)
    case 8: {
      const high = signed ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true)
      if (high >= -0x200000 && high < 0x200000) return high * 0x100000000 + view.getUint32(at, true)
      return signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
    }
    default:
      return undefined
  }
}
