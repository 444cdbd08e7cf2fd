/**
 * Offsets in our own structures are known when the probe is built. If a macro that reads kernel memory is given such a structure,
 * the loader looks it up in the kernel, and the probe does not load unless that read is dead code.
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

test.skipIf(missingAddon() !== undefined)('the loader looks up only structures of the kernel', () => {
  const types = relocatedTypes(readFileSync(join(NATIVE, 'probe.bpf.o')))
  expect([...types]).toContain('task_struct')
  expect(
    [...defined(SOURCES), ...defined(join(SOURCES, 'bpf'))].filter(name => !name.includes('___') && types.has(name)),
  ).toEqual([])
})
