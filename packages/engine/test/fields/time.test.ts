/** Times are assembled from cached parts, and must equal what Date prints in every zone. The zone is set per process. */
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
  ['UTC', 'no change of the clock'],
  ['Europe/Berlin', 'changes by an hour, on the hour'],
  ['Australia/Lord_Howe', 'changes by half an hour'],
  ['Africa/Monrovia', 'a change by 44 minutes and 30 seconds, in 1972'],
  ['XXX0:07:11', 'an offset that is not a multiple of a quarter of an hour'],
])('times equal those of Date in %s: %s', zone => {
  const args = ['--conditions=@falc/source', '--input-type=module', '-e', CHECK]
  expect(execFileSync(process.execPath, args, { env: { ...process.env, TZ: zone }, encoding: 'utf8' })).toBe('[]\n')
})
