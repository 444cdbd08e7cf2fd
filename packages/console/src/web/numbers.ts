/** A whole number with thousands separators. By hand: see `time.ts`. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}
