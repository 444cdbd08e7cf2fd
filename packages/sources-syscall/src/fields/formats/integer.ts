/** A bigint as a number when no digit is lost by it: what rules compare and print is the same, and cheaper. */
export function integer(value: bigint): number | bigint {
  return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : value
}
