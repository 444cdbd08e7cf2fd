/** Bucket counts of a libstdc++ hash table that grows one insertion at a time. */
export const BUCKETS: readonly number[] = [13, 29, 59, 127, 257, 541, 1109, 2357, 5087]

/** The order in which such a table is iterated whose entries were inserted in the order given, and that has so many buckets. */
export function orderInBuckets(inserted: readonly number[], room: number): number[] {
  const buckets = new Map<number, number[]>()
  for (const num of inserted) {
    const bucket = num % room
    const others = buckets.get(bucket)
    if (others === undefined) buckets.set(bucket, [num])
    else others.push(num)
  }
  return [...buckets.values()].flat().reverse()
}
