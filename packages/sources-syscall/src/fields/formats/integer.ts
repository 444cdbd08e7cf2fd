/** Converts a bigint to a number if that is lossless: rules compare and print it the same way, at lower cost. */
export function integer(value: bigint): number | bigint {
  return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : value
}
