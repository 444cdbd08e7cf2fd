/** Times in the reader's time zone. Printed by hand, because the first use of `Intl` blocks a page for 20 ms or more. */

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
