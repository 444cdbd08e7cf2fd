import { setFlagsFromString } from 'node:v8'

/** Each with what it is at first. */
const FLAGS: readonly (readonly [tuned: string, first: string])[] = [
  // When the alerts of a blocked output stay in memory, V8 would come to allocate every alert in the old generation.
  ['--no-allocation-site-pretenuring', '--allocation-site-pretenuring'],
  // Most runs end before the code of V8's last compiler has paid for itself: only what is called very often goes through it.
  ['--invocation-count-for-turbofan=100000', '--invocation-count-for-turbofan=10000'],
  // While other processes compete for the cores, what compilations no longer need would wait for a thread to free it: 10 to 30 MB.
  ['--no-maglev-destroy-on-background', '--maglev-destroy-on-background'],
]
let areTuned = false

/** Threads that help a collection of the young generation must get a core first: while others compete for it, a pause waits for them. */
const ALONE: readonly string[] = ['--no-parallel-scavenge', '--no-concurrent-array-buffer-sweeping']

/**
 * Sets flags of V8 for the time in which events are processed: call it when everything is loaded. On the command line they would make each
 * start compile Node's own modules again, since compiled code counts only under the flags that it was compiled with. Flags may change
 * with V8: these were measured on that of Node 24.
 */
export function tuneForEvents(): void {
  setFlags(FLAGS.map(([tuned]) => tuned))
  areTuned = true
}

/** Does something as if no flags had been set for events: compiled code counts only under the flags that it was saved with. */
export function underFirstFlags(work: () => void): void {
  if (areTuned) setFlags(FLAGS.map(([, first]) => first))
  try {
    work()
  } finally {
    if (areTuned) tuneForEvents()
  }
}

/** For a process whose answers people wait for, with a small heap: it collects its young generation without other threads. */
export function tuneForAnswers(): void {
  setFlags(ALONE)
}

function setFlags(flags: readonly string[]): void {
  if (!process.versions.node.startsWith('24.')) return
  for (const flag of flags) setFlagsFromString(flag)
}
