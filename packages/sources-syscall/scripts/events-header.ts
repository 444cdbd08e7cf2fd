/**
 * Writes the event table's part that the kernel probe needs, as a C header:
 *   node --conditions=@falc/source packages/sources-syscall/scripts/events-header.ts > packages/sources-syscall/native/bpf/events.gen.h
 */
import { EVENTS, EventFlag } from '../src/events/table.ts'

/** Ids and numbers of parameters of all events that a recorder of today may write. */
export function eventsHeader(): string {
  const lines = [
    '/* Generated from src/events by scripts/generate.ts: event ids and the number of their parameters. */',
    '#pragma once',
  ]
  for (const { id, code, flags, params } of EVENTS) {
    if (flags & (EventFlag.old_version | EventFlag.unused)) continue
    lines.push(`#define PPME_${code} ${id}`, `#define NPARAMS_${code} ${params.length}`)
  }
  return `${lines.join('\n')}\n`
}

if (import.meta.main) process.stdout.write(eventsHeader())
