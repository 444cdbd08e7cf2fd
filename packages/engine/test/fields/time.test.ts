/** Times are put together from parts that are kept: in every zone as Date prints them. The zone is a process's own. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const CHECK = `
import { clockTime, isoTime } from ${JSON.stringify(new URL('../../src/fields/time.ts', import.meta.url).href)}
const two = n => String(n).padStart(2, '0')
const wrong = []
function check(second) {
  const date = new Date(second * 1000)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const rest = [0, 7, 999999999, 120030004][Math.abs(second) % 4]
  const ns = BigInt(second) * 1000000000n + BigInt(rest)
  if (clockTime(ns) !== clock) wrong.push(second)
  if (isoTime(ns) !== date.toISOString().replace('.000Z', '.' + String(rest).padStart(9, '0') + 'Z')) wrong.push(second)
}
// One quarter of an hour after another, days at random, and every second around the days on which clocks are moved.
for (let i = 0; i < 20000; i++) check(-2000000000 + i * 200003)
for (let i = 0; i < 20000; i++) check(1700000000 + i * 61)
for (const start of [63593070, 1774746000, 1775314800, 1772953200]) for (let s = -2000; s < 2000; s++) check(start + s)
console.log(JSON.stringify(wrong.slice(0, 5)))
`

test.each([
  ['UTC', 'no clock is moved'],
  ['Europe/Berlin', 'by an hour, on a full one'],
  ['Australia/Lord_Howe', 'by half an hour'],
  ['Africa/Monrovia', 'by 44 minutes and 30 seconds, in 1972'],
  ['XXX0:07:11', 'an offset that is no quarter'],
])('%s: %s', zone => {
  const args = ['--conditions=@falc/source', '--input-type=module', '-e', CHECK]
  expect(execFileSync(process.execPath, args, { env: { ...process.env, TZ: zone }, encoding: 'utf8' })).toBe('[]\n')
})
