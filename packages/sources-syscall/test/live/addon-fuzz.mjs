/**
 * addon-fuzz.mjs ADDON: calls the addon's functions with arguments of all kinds, in a process of its own, since it is to be seen
 * whether that lives. Prints how many calls there were and how many threw; ends with 1 when something else than an Error came.
 */
import { createRequire } from 'node:module'

const addon = createRequire(import.meta.url)(process.argv[2])
const CALLS = 200_000
let seed = 1
const below = n => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return (seed >> 8) % n
}
const pick = list => list[below(list.length)]

/** Descriptors that it gave, closed ones among them. */
const fds = []
const values = [
  () =>
    pick([
      -1,
      0,
      1,
      2,
      3,
      4095,
      4096,
      5000,
      8192,
      1 << 20,
      1 << 30,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 53,
      1.5,
      Number.NaN,
      Infinity,
    ]),
  () => below(64),
  () => fds[below(fds.length + 1)],
  () => fds[below(fds.length + 1)],
  () => new Uint8Array(below(200)),
  () => new Uint8Array(new SharedArrayBuffer(16)),
  () => pick([new Int8Array(4), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new BigUint64Array(1)]),
  () => pick([undefined, null, true, {}, [], Symbol('s'), 10n, () => 0, new Proxy({}, {})]),
  () => pick(['', 'x', '/tmp', '/etc/passwd', '\0abstract', 'y'.repeat(below(300)), '\ud800']),
]

let errors = 0
for (let i = 0; i < CALLS; i++) {
  const name = pick(Object.keys(addon))
  const args = Array.from({ length: below(4) }, () => pick(values)())
  try {
    const result = addon[name](...args)
    if (name === 'socketpair') fds.push(...result)
    if (name === 'connect') fds.push(result)
  } catch (error) {
    if (!(error instanceof Error) || error.message === '') throw error
    errors++
  }
  if (fds.length > 100) {
    for (const fd of fds.splice(0)) {
      try {
        addon.close(fd)
      } catch {
        // It was closed on the way.
      }
    }
  }
}
console.log(JSON.stringify({ calls: CALLS, errors }))
