import type { FieldUse, Unmatched } from '@falc/engine'
import { NEEDS, PARTS, type Part } from '../state/parts.ts'
import type { Keep } from '../state/skip-events.ts'
import { partsRead } from './fields-read.ts'

/**
 * Derives what has to be kept, from what rules match and read.
 * @param fields every field that conditions and outputs read; undefined = not known, so everything is kept
 * @param unmatched by class of events, those that no rule can match
 */
export function demandOf(
  wanted: Iterable<number>,
  fields: Iterable<FieldUse> | undefined,
  unmatched: Unmatched = {},
): Keep {
  const parts = new Set<Part>(fields === undefined ? PARTS : undefined)
  for (const field of fields ?? []) for (const part of partsRead(field)) parts.add(part)
  // A Set is iterated in insertion order, including parts added during the iteration.
  for (const part of parts) for (const need of NEEDS[part]) parts.add(need)
  const { failedOpens, fileReads, directoryReads } = unmatched
  return {
    wanted: new Set(wanted),
    parts,
    failedOpens: new Set(failedOpens?.types),
    // Without descriptors, there is no name to look at.
    plainOpens: parts.has('descriptors') ? { fileReads, directoryReads } : {},
  }
}
