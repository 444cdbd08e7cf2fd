/**
 * The benchmarks named on the command line, or all (list.ts). With `--record`, bench/figures.jsonl gets what was measured, and
 * docs/performance.md is written anew:
 *
 *   npm run bench -- audit rules
 *   npm run bench -- --record audit rules
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { root } from './files.ts'
import { BENCHES } from './list.ts'
import { takeFigures } from './measure.ts'
import { record } from './record.ts'

const { values, positionals } = parseArgs({ options: { record: { type: 'boolean' } }, allowPositionals: true })
const unknown = positionals.filter(name => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  console.error(`no benchmark '${unknown[0]}': there are ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  const bench = await BENCHES[name]!.load()
  await bench()
  if (values.record) record(name)
  else takeFigures()
}
if (values.record) {
  const generate = ['--conditions=@falc/source', 'scripts/generate.ts']
  process.exitCode = spawnSync(process.execPath, generate, { cwd: root, stdio: 'inherit' }).status ?? 1
}
