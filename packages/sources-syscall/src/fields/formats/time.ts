const SECOND = 1_000_000_000n

/** Nanoseconds since 1970 as local `YYYY-MM-DD hh:mm:ss.nnnnnnnnn`. */
export function localTimeText(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n))
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${clockText(date)}.${(time % SECOND).toString().padStart(9, '0')}`
}

/** Nanoseconds since 1970 as local `hh:mm:ss.nnnnnnnnn`. */
export function localClockText(time: bigint): string {
  return `${clockText(new Date(Number(time / 1_000_000n)))}.${(time % SECOND).toString().padStart(9, '0')}`
}

function clockText(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function two(n: number): string {
  return n.toString().padStart(2, '0')
}
