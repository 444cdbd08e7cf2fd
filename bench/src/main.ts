/**
 * All benchmarks, or those named on the command line: audit expressions load syscalls busy live run rules outputs store simulate editor scale admission.
 * Figures are ratios or CPU times of one run on one machine; docs/performance.md tells what was measured where.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { benchAdmission } from './admission.ts'
import { benchAudit } from './audit.ts'
import { benchBusy } from './busy.ts'
import { benchEditor } from './editor.ts'
import { benchExpressions } from './expressions.ts'
import { root } from './files.ts'
import { benchLive } from './live.ts'
import { benchLoad } from './load.ts'
import { takeFigures } from './measure.ts'
import { benchOutputs } from './outputs.ts'
import { benchRules } from './rules.ts'
import { benchRun } from './run.ts'
import { benchScale } from './scale.ts'
import { benchSimulate } from './simulate.ts'
import { benchStore } from './store.ts'
import { benchSyscalls } from './syscalls.ts'

const BENCHES: Record<string, () => Promise<void>> = {
  audit: benchAudit,
  expressions: benchExpressions,
  load: benchLoad,
  syscalls: benchSyscalls,
  busy: benchBusy,
  live: benchLive,
  run: benchRun,
  rules: benchRules,
  outputs: benchOutputs,
  store: benchStore,
  simulate: benchSimulate,
  editor: benchEditor,
  scale: benchScale,
  admission: benchAdmission,
}

/** What docs/performance.md is made of (`npm run generate`), by benchmark. FALC_BENCH_RECORD replaces what was measured. */
const RECORD = join(root, 'bench/figures.json')

function record(name: string): void {
  const rows = takeFigures()
  if (process.env.FALC_BENCH_RECORD === undefined || rows.length === 0) return
  const known = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : {}
  const [cpu] = cpus()
  const machine = {
    node: process.version,
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[1]!.toFixed(1),
  }
  const all = { ...known, [name]: { day: new Date().toISOString().slice(0, 10), ...machine, rows } }
  writeFileSync(RECORD, `${JSON.stringify(all, null, 2)}\n`)
}

const asked = process.argv.slice(2)
for (const name of asked.length ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name]
  if (!bench) throw new Error(`no benchmark '${name}': there are ${Object.keys(BENCHES).join(', ')}`)
  await bench()
  record(name)
}
