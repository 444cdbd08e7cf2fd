/** Times of where the reader is. Printed by hand: a page's first format of `Intl` takes 20 ms and more, and its scripts wait. */

const two = (n: number) => String(n).padStart(2, '0')

/** `2026-11-28`. */
export function day(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `14:05:00`. */
export function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `2026-11-28 14:05:00`. @param time milliseconds since 1970, or a text that `Date` reads */
export function moment(time: number | string): string {
  const date = new Date(time)
  return `${day(date)} ${clock(date)}`
}
