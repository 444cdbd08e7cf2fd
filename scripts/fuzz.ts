/**
 * Tries damaged and hostile inputs by the thousand. `npm test` tries a few of each subject; this tries as many as wanted:
 *
 *   npm run fuzz -- captures --count 100000 [--seed 7]
 *
 * Without a subject it lists them. A failure prints the seed that repeats it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const SUBJECTS: Readonly<Record<string, { readonly file: string; readonly what: string }>> = {
  rules: { file: 'packages/engine/test/rules/fuzz.test.ts', what: 'rule files' },
  conditions: {
    file: 'packages/engine/test/condition/roundtrip.test.ts',
    what: 'conditions, printed and parsed again',
  },
  captures: { file: 'packages/sources-syscall/test/capture/fuzz.test.ts', what: 'captures (.scap)' },
  demand: {
    file: 'packages/sources-syscall/test/demand/twin.test.ts',
    what: 'sets of rules, replayed with and without passing over what they do not need',
  },
  containers: {
    file: 'packages/sources-syscall/test/containers/robust.test.ts',
    what: 'answers of container engines',
  },
  playbooks: { file: 'packages/response/test/fuzz.test.ts', what: 'alerts and playbooks' },
  responders: {
    file: 'packages/response/test/nats.test.ts',
    what: 'alerts for three responders, of which one is killed for each hundred of them',
  },
  console: { file: 'packages/console/test/fuzz.test.ts', what: 'requests to the console' },
  alerts: { file: 'packages/store/test/fuzz.test.ts', what: 'bytes of alerts, as a store gets them' },
  audit: { file: 'packages/sources-k8saudit/test/fuzz.test.ts', what: 'bodies and logs of audit events' },
}

const root = resolve(import.meta.dirname, '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string' } },
})
const whole = (text: string) => /^\d{1,9}$/.test(text)
const { count, seed } = values
const [name = ''] = positionals
const subject = Object.hasOwn(SUBJECTS, name) ? SUBJECTS[name] : undefined
if (!subject || positionals.length > 1 || !whole(count) || (seed !== undefined && !whole(seed))) {
  console.error('usage: npm run fuzz -- SUBJECT [--count N] [--seed N]\n')
  for (const [one, { what }] of Object.entries(SUBJECTS)) console.error(`  ${one.padEnd(12)}${what}`)
  process.exit(2)
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const started = performance.now()
const run = spawn(
  process.execPath,
  [vitest, 'run', '--project', 'all', '--testTimeout', '0', '--no-file-parallelism', subject.file],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FALC_FUZZ_RUNS: count, ...(seed !== undefined && { FALC_FUZZ_SEED: seed }) },
  },
)
/** Of the largest process, in KiB, as far as the machine tells. */
let peak = 0
const look = setInterval(() => (peak = Math.max(peak, ...peaks(run.pid!))), 500)
const [status] = await once(run, 'exit')
clearInterval(look)
const seconds = ((performance.now() - started) / 1000).toFixed(0)
const memory = peak > 0 ? `, peak memory of a process ${(peak / 1024).toFixed(0)} MiB` : ''
console.log(`${subject.what}: ${count} of each kind in ${seconds} s${memory}`)
process.exitCode = status ?? 1

/** Peak memory of a process and all below it. */
function peaks(pid: number): number[] {
  try {
    const own = Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return [own, ...children.flatMap(child => peaks(Number(child)))]
  } catch {
    // It has ended, or this is not Linux.
    return []
  }
}
