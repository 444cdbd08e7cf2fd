/** The benchmarks: what each measures, on what, and in which kind of process. docs/performance.md prints this table. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface Bench {
  /** The work and its mix. */
  readonly on: string
  /** `warm`: compiled before it is measured. `whole`: from the start of the process to its end. */
  readonly process: 'warm' | 'whole' | 'both'
  /** What it needs beyond a checkout. */
  readonly needs?: string
  readonly load: () => Promise<() => Promise<void>>
}

export const BENCHES: Readonly<Record<string, Bench>> = {
  busy: {
    on: 'a recording of a busy machine with every system call, two thirds reads and writes; user CPU of all threads',
    process: 'whole',
    needs: '`FALC_BENCH_BUSY`: a recording (`falc record` while bench/workload.sh and bench/storm.sh run)',
    load: async () => (await import('./busy.ts')).benchBusy,
  },
  syscalls: {
    on: 'a capture of a busy server, mostly `openat`, repeated to 5 million events; user CPU',
    process: 'warm',
    load: async () => (await import('./syscalls.ts')).benchSyscalls,
  },
  live: {
    on: 'CPU of engine and sidecar under bench/workload.sh and bench/storm.sh, and CPU of these',
    process: 'whole',
    needs: 'root, the probe (`npm run build:native`), a quiet machine; `FALC_PEER_BEFORE`: an earlier falc',
    load: async () => (await import('./live.ts')).benchLive,
  },
  audit: {
    on: 'from bytes to alerts, beside JSON.parse alone: the log in examples/captures, then a log as a cluster writes it, half of it get, list and watch, a quarter lease renewals',
    process: 'warm',
    load: async () => (await import('./audit.ts')).benchAudit,
  },
  rules: {
    on: '1 to 10,000 rules of one operator on a source of our own, whose values most rules nearly match',
    process: 'warm',
    load: async () => (await import('./rules.ts')).benchRules,
  },
  expressions: {
    on: '20 conditions beside the same as CEL and for json-rules-engine',
    process: 'warm',
    load: async () => (await import('./expressions.ts')).benchExpressions,
  },
  load: {
    on: "Falco's four rules files: reading, merging, compiling",
    process: 'both',
    load: async () => (await import('./load.ts')).benchLoad,
  },
  run: {
    on: '`engine.run` beside a loop with `evaluate`',
    process: 'warm',
    load: async () => (await import('./run.ts')).benchRun,
  },
  store: {
    on: 'alerts of 1.2 kB: writing while one reads, searches, the console in Chromium',
    process: 'warm',
    needs: '`STORE_ALERTS`, if not a million',
    load: async () => (await import('./store.ts')).benchStore,
  },
  simulate: {
    on: '`falc respond simulate` on stored alerts, two playbooks',
    process: 'whole',
    needs: '`SIMULATE_ALERTS=1000000` for the goal',
    load: async () => (await import('./simulate.ts')).benchSimulate,
  },
  outputs: {
    on: 'alerts with six fields, of audit events and of a capture: to lines, and to receivers on the same machine, of which stand-ins share the process',
    process: 'both',
    load: async () => (await import('./outputs.ts')).benchOutputs,
  },
  storm: {
    on: 'a million alerts for a server that takes 200 a second, in 512 MiB; nine pairs in turn',
    process: 'whole',
    needs: 'root and a memory cgroup',
    load: async () => runStorm,
  },
  admission: {
    on: '2,000 reviews of pods a second for six seconds, by TLS, as an API server asks; beside servers of Node and Go that only read and admit',
    process: 'warm',
    needs: 'go and openssl',
    load: async () => (await import('./admission.ts')).benchAdmission,
  },
  scale: {
    on: 'the log of a cluster by worker threads and, through JetStream, by worker processes',
    process: 'warm',
    needs: 'nats-server for the second part',
    load: async () => (await import('./scale.ts')).benchScale,
  },
  editor: {
    on: "from a keystroke in Falco's rules files to the answer of `falc lsp`",
    process: 'warm',
    load: async () => (await import('./editor.ts')).benchEditor,
  },
}

/** A script of its own, since it also runs by itself with another number of alerts; it records its rows. */
async function runStorm(): Promise<void> {
  const args = process.argv.includes('--record') ? ['--record'] : []
  const script = join(import.meta.dirname, 'alert-storm.ts')
  if (spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' }).status !== 0) process.exitCode = 1
}
