/** A few of the inputs that `make fuzz` tries on the sidecar: native/fuzz/fuzz.c. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const native = join(import.meta.dirname, '../../../native')

/** Whether the compiler has the sanitizers' libraries. */
function hasSanitizers(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'falc-sanitizers-'))
  try {
    writeFileSync(join(folder, 'a.c'), 'int main(void) { return 0; }')
    const built = spawnSync('cc', ['-fsanitize=address,undefined', join(folder, 'a.c'), '-o', join(folder, 'a')])
    if (built.status === 0) return true
    console.warn('skipped: this machine has no C compiler with sanitizers')
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.skipIf(!hasSanitizers())('20,000 random inputs to the sidecar', { timeout: 300_000 }, () => {
  execFileSync('make', ['-s', '-C', native, 'fuzz'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const said = execFileSync(join(native, '.output/falc-fuzz'), ['20000'], { encoding: 'utf8' })
  expect(said).toMatch(/^falc-fuzz: 20000 inputs, seed \d+\nfalc-fuzz: no failure\n$/)
})
