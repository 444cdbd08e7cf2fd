/**
 * Writes the table of system calls that the sidecar needs, as a C header:
 *   node --conditions=@falc/source packages/sources-syscall/scripts/syscalls-header.ts > packages/sources-syscall/native/sidecar/syscalls.gen.h
 */
import { ARM64_SYSCALLS, SYSCALL_NAMES, X86_64_SYSCALLS } from '../src/events/syscalls.ts'

/** Name, number and Falco's code of every call that an architecture has, by number. */
export function syscallsHeader(): string {
  return `/* Generated from src/events by scripts/syscalls-header.ts: an architecture's system calls, with the PPM_SC_* code of each. */
#pragma once
static const struct {
\tconst char *name;
\tshort number;
\tunsigned short portable;
} SYSCALLS[] = {
#if defined(__x86_64__)
${rows(X86_64_SYSCALLS)}
#elif defined(__aarch64__)
${rows(ARM64_SYSCALLS)}
#endif
};
`
}

function rows(codes: Int16Array): string {
  const known = [...codes.entries()].filter(([, code]) => code >= 0)
  return known.map(([native, code]) => `\t{ "${SYSCALL_NAMES[code]}", ${native}, ${code} },`).join('\n')
}

if (import.meta.main) process.stdout.write(syscallsHeader())
