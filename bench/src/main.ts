/**
 * All benchmarks, or those named on the command line: audit peers load syscalls.
 * Figures are ratios or CPU times of one run on one machine; docs/performance.md tells what was measured where.
 */
import { benchAudit } from './audit.ts'
import { benchLoad } from './load.ts'
import { benchPeers } from './peers.ts'
import { benchSyscalls } from './syscalls.ts'

const BENCHES: Record<string, () => Promise<void>> = {
  audit: benchAudit,
  peers: benchPeers,
  load: benchLoad,
  syscalls: benchSyscalls,
}

const asked = process.argv.slice(2)
for (const name of asked.length ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name]
  if (!bench) throw new Error(`no benchmark '${name}': there are ${Object.keys(BENCHES).join(', ')}`)
  await bench()
}
