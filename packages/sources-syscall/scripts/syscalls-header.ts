/**
 * Writes the table of system calls that the sidecar needs, as a C header:
 *   node --conditions=@falc/source packages/sources-syscall/scripts/syscalls-header.ts > packages/sources-syscall/native/sidecar/syscalls.gen.h
 */
import { SYSCALL_NAMES, X86_64_SYSCALLS } from '../src/events/syscalls.ts'

/** Name, number on x86-64 and Falco's code of every call that x86-64 has, by number. */
export function syscallsHeader(): string {
  const lines = [
    '/* Generated from src/events by scripts/syscalls-header.ts: x86-64 system calls, with the PPM_SC_* code of each. */',
    '#pragma once',
    'static const struct {',
    '\tconst char *name;',
    '\tshort number;',
    '\tunsigned short portable;',
    '} SYSCALLS[] = {',
  ]
  for (const [native, code] of X86_64_SYSCALLS.entries()) {
    if (code >= 0) lines.push(`\t{ "${SYSCALL_NAMES[code]}", ${native}, ${code} },`)
  }
  return `${lines.join('\n')}\n};\n`
}

if (import.meta.main) process.stdout.write(syscallsHeader())
