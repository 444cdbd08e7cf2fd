/**
 * All benchmarks, or those named on the command line: audit expressions load syscalls busy live run rules outputs store editor.
 * Figures are ratios or CPU times of one run on one machine; docs/performance.md tells what was measured where.
 */
import { benchAudit } from './audit.ts'
import { benchBusy } from './busy.ts'
import { benchEditor } from './editor.ts'
import { benchExpressions } from './expressions.ts'
import { benchLive } from './live.ts'
import { benchLoad } from './load.ts'
import { benchOutputs } from './outputs.ts'
import { benchRules } from './rules.ts'
import { benchRun } from './run.ts'
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
  editor: benchEditor,
}

const asked = process.argv.slice(2)
for (const name of asked.length ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name]
  if (!bench) throw new Error(`no benchmark '${name}': there are ${Object.keys(BENCHES).join(', ')}`)
  await bench()
}
