/**
 * Offsets in our own structures are known when the probe is built. Where a macro that reads the kernel is given an expression with one of
 * them, the loader is told to look the structure up in the kernel: the probe does not load where that read is not dead code.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { missingAddon, NATIVE } from '../live/machine.ts'
import { relocatedTypes } from './relocations.ts'

const SOURCES = join(NATIVE, '..')

/** Structures that these headers define. */
function defined(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.h') && !name.endsWith('.gen.h'))
    .flatMap(name =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^struct (\w+) \{/gm)].map(match => match[1]!),
    )
}

test.skipIf(missingAddon() !== undefined)('the kernel is asked about its own structures only', () => {
  const types = relocatedTypes(readFileSync(join(NATIVE, 'probe.bpf.o')))
  expect([...types]).toContain('task_struct')
  expect(
    [...defined(SOURCES), ...defined(join(SOURCES, 'bpf'))].filter(name => !name.includes('___') && types.has(name)),
  ).toEqual([])
})
