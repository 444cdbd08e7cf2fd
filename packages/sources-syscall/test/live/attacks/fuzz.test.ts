/** A few of the inputs that `make fuzz` tries on the sidecar: native/fuzz/fuzz.c. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { skipped } from '../../../../../scripts/testing/needs.ts'

const native = join(import.meta.dirname, '../../../native')

/** Why the harness cannot be built here. */
function missingTools(): string | undefined {
  const absent = ['make', 'cc'].find(tool => spawnSync(tool, ['--version']).error)
  if (absent !== undefined) return skipped('live', `the harness of the sidecar needs ${absent}`)
  const folder = mkdtempSync(join(tmpdir(), 'falc-sanitizers-'))
  try {
    writeFileSync(join(folder, 'a.c'), 'int main(void) { return 0; }')
    const built = spawnSync('cc', ['-fsanitize=address,undefined', join(folder, 'a.c'), '-o', join(folder, 'a')])
    return skipped('live', built.status === 0 ? undefined : 'this machine has no C compiler with sanitizers')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.skipIf(missingTools() !== undefined)('20,000 random inputs to the sidecar cause no failure', () => {
  execFileSync('make', ['-s', '-C', native, 'fuzz'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const said = execFileSync(join(native, '.output/falc-fuzz'), ['20000'], { encoding: 'utf8' })
  expect(said).toMatch(/^falc-fuzz: 20000 inputs, seed \d+\nfalc-fuzz: no failure\n$/)
})
