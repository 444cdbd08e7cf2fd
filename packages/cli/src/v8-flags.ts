import { setFlagsFromString } from 'node:v8'

const FLAGS: readonly string[] = [
  // When the alerts of a blocked output stay in memory, V8 would come to allocate every alert in the old generation.
  '--no-allocation-site-pretenuring',
  // Most runs end before the code of V8's last compiler has paid for itself: only what is called very often goes through it.
  '--invocation-count-for-turbofan=100000',
]

/**
 * Sets flags of V8 for the time in which events are processed: call it when everything is loaded. On the command line they would make each
 * start compile Node's own modules again, since compiled code counts only under the flags that it was compiled with. Flags may change
 * with V8: these were measured on that of Node 24.
 */
export function tuneForEvents(): void {
  if (!process.versions.node.startsWith('24.')) return
  for (const flag of FLAGS) setFlagsFromString(flag)
}
