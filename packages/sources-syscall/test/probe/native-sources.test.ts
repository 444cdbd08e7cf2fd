/** The C sources and the TypeScript sources agree: tables, sizes, offsets. Some of it needs a C compiler. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probeSequences } from '../../scripts/probe-parameters.ts'
import { syscallsHeader } from '../../scripts/syscalls-header.ts'
import { ARM64_SYSCALLS, SYSCALL_CODES, SYSCALL_NAMES, syscallsOf, X86_64_SYSCALLS } from '../../src/events/syscalls.ts'
import { EVENTS, EventClass, EventFlag } from '../../src/events/table.ts'
import { RECORDED_AS } from '../../src/live/calls.ts'
import * as wire from '../../src/live/wire.ts'

const native = join(import.meta.dirname, '../../native')
const sequences = probeSequences(join(native, 'bpf'))
const compiler = spawnSync('cc', ['--version']).status === 0

test('the sidecar’s table of system calls is up to date (else run scripts/syscalls-header.ts)', () => {
  expect(readFileSync(join(native, 'sidecar/syscalls.gen.h'), 'utf8')).toBe(syscallsHeader())
})

test('the sample output of doctor in docs/install.md has the current wire version', () => {
  const install = readFileSync(join(import.meta.dirname, '../../../../docs/install.md'), 'utf8')
  expect(/wire version (\d+)/.exec(install)?.[1]).toBe(String(wire.WIRE_VERSION))
})

/** Debian's kernel headers of every architecture. */
const HEADERS = '/usr/lib/linux/uapi'
const GONE = new Set(
  '_sysctl create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg afs_syscall tuxcall security vserver uselib epoll_ctl_old epoll_wait_old'.split(
    ' ',
  ),
)

const noHeaders = !existsSync(HEADERS)
if (noHeaders) console.warn(`skipped: numbers of system calls are compared with ${HEADERS}`)

describe.skipIf(noHeaders)('numbers of system calls', () => {
  test.each([
    ['x86', X86_64_SYSCALLS],
    ['arm64', ARM64_SYSCALLS],
  ])('are those of %s’s header', (arch, numbers) => {
    const header = readFileSync(`${HEADERS}/${arch}/asm/unistd_64.h`, 'utf8')
    const theirs = new Map([...header.matchAll(/#define __NR_(\w+) (\d+)/g)].map(match => [match[1], Number(match[2])]))
    const ours = new Map(
      [...numbers.entries()].filter(([, code]) => code >= 0).map(([nr, code]) => [SYSCALL_NAMES[code], nr]),
    )
    expect(theirs.size).toBeGreaterThan(300)
    const missing = [...theirs].filter(([name, number]) => ours.get(name!) !== number)
    const wrong = [...ours].filter(([name, number]) => theirs.has(name!) && theirs.get(name!) !== number)
    expect(wrong).toEqual([])
    // Falco has no code for calls that Linux never had, no longer has, or has got since.
    expect(missing.filter(([name, number]) => number < 450 && !GONE.has(name!))).toEqual([])
  })
})

describe('programs', () => {
  test.each([
    ['arm64', 0, ARM64_SYSCALLS],
    ['x86', 1, X86_64_SYSCALLS],
  ])('that several calls share know these calls by their numbers on %s', (_, half, numbers) => {
    const halves = readFileSync(join(native, 'calls.h'), 'utf8').split('#else')
    const rows = [...halves[half]!.matchAll(/CALL\((\w+), (\w+), (\d+)\)/g)]
    const shared = rows
      .map(([, , name, number]) => ({ name: name!, number: Number(number) }))
      .filter(({ name }) => name !== 'call')
    expect(shared.length).toBeGreaterThan(25)
    for (const { name, number } of shared) expect(numbers[number], name).toBe(SYSCALL_CODES.get(name))
    const texts = [...new Set(sequences.map(({ program }) => program))]
    const written = shared.filter(({ name }) => texts.includes(name))
    expect(written).toEqual(shared)
  })

  test('write the event that belongs to their system call', () => {
    for (const { program, code } of sequences) {
      const call = SYSCALL_CODES.get(RECORDED_AS[program] ?? program)
      if (call === undefined) continue // not the program of one call
      const event = EVENTS.find(one => one.code === code)!
      expect(syscallsOf(event.id), `${program} → ${code}`).toContain(call)
    }
  })

  test('exist for every current event that a call of x86-64 gives', () => {
    const written = new Set(sequences.map(({ code }) => code))
    const natives = new Set(X86_64_SYSCALLS)
    const missing = EVENTS.filter(
      event =>
        !event.enter &&
        event.classes & EventClass.syscall &&
        !(event.flags & (EventFlag.old_version | EventFlag.unused)) &&
        syscallsOf(event.id).some(code => natives.has(code)) &&
        !written.has(event.code),
    )
    // Both names of umount are one call here: umount2.
    expect(missing.map(event => event.code).filter(code => code !== 'SYSCALL_UMOUNT_1_X')).toEqual([])
  })
})

describe.skipIf(!compiler)('wire.h', () => {
  test('sizes, offsets and numbers are those of wire.ts', () => {
    const fields: Record<string, number> = {
      WIRE_VERSION: wire.WIRE_VERSION,
      WIRE_MAGIC: wire.WIRE_MAGIC,
      MAX_NATIVE_SYSCALLS: wire.MAX_NATIVE_SYSCALLS,
      MAX_FRAME: wire.MAX_FRAME,
      MAX_PICTURED: wire.MAX_PICTURED,
      COUNTER_MAX: wire.COUNTERS.length,
      WANT_NOTHING: wire.Want.nothing,
      WANT_EVENT: wire.Want.event,
      WANT_FIRST: wire.Want.first,
      WANT_STATE: wire.Want.state,
      WANT_NO_FAILED_OPENS: wire.WANT_NO_FAILED_OPENS,
      WANT_WHOLE_LOGS: wire.WANT_WHOLE_LOGS,
      WANT_NO_FILES: wire.WANT_NO_FILES,
      WANT_NO_ENVIRONMENTS: wire.WANT_NO_ENVIRONMENTS,
      WANT_BARE_FAILURES: wire.WANT_BARE_FAILURES,
      WANT_NO_DIRECTORIES: wire.WANT_NO_DIRECTORIES,
      MAX_TEXTS: wire.MAX_TEXTS,
      CASE_BIT: wire.CASE_BIT,
      TRACE_SIGNAL: wire.Trace.signal,
      TRACE_SWITCH: wire.Trace.switch,
      TRACE_PAGE_FAULT: wire.Trace.pageFault,
      'sizeof(struct frame_header)': wire.FRAME_HEADER,
      'offsetof(struct event_header, cpu)': wire.RECORD_CPU,
      'offsetof(struct event_header, time_ns)': wire.RECORD_EVENT,
      'sizeof(struct hello)': wire.Hello.size,
      'offsetof(struct hello, magic)': wire.Hello.magic,
      'offsetof(struct hello, version)': wire.Hello.version,
      'offsetof(struct hello, cpus)': wire.Hello.cpus,
      'offsetof(struct hello, page_bytes)': wire.Hello.pageBytes,
      'offsetof(struct hello, boot_time_ns)': wire.Hello.bootTime,
      'sizeof(struct configure)': wire.Configure.size,
      'offsetof(struct configure, version)': wire.Configure.version,
      'offsetof(struct configure, snaplen)': wire.Configure.snaplen,
      'offsetof(struct configure, ring_bytes)': wire.Configure.ringBytes,
      'offsetof(struct configure, cpus_per_ring)': wire.Configure.cpusPerRing,
      'offsetof(struct configure, own_events)': wire.Configure.ownEvents,
      'offsetof(struct configure, picture)': wire.Configure.picture,
      'offsetof(struct configure, wanted)': wire.Configure.wanted,
      'sizeof(struct wanted)': wire.Wanted.size,
      'offsetof(struct wanted, wants)': wire.Wanted.wants,
      'offsetof(struct wanted, texts)': wire.Wanted.texts,
      'offsetof(struct wanted, directory_texts)': wire.Wanted.directoryTexts,
      'sizeof(struct wait)': wire.Wait.size,
      'offsetof(struct wait, pid)': wire.Wait.pid,
      'offsetof(struct wait, uid)': wire.Wait.uid,
      'sizeof(struct worker_frame)': wire.Worker.size,
      'offsetof(struct worker_frame, pid)': wire.Worker.pid,
      'offsetof(struct worker_frame, restarts)': wire.Worker.restarts,
      'sizeof(struct rings)': wire.Rings.size,
      'offsetof(struct rings, count)': wire.Rings.count,
      'offsetof(struct rings, ring_bytes)': wire.Rings.ringBytes,
      'sizeof(struct names_request)': wire.NamesRequest.size,
      'offsetof(struct names_request, pid)': wire.NamesRequest.pid,
      'sizeof(struct names)': wire.Names.text,
      'offsetof(struct names, pid)': wire.Names.pid,
      'offsetof(struct names, outcome)': wire.Names.outcome,
      'offsetof(struct names, passwd_bytes)': wire.Names.passwdBytes,
      'offsetof(struct names, group_bytes)': wire.Names.groupBytes,
      NAMES_READ: wire.NamesOutcome.read,
      NAMES_SHARED: wire.NamesOutcome.shared,
      NAMES_GONE: wire.NamesOutcome.gone,
      NAMES_REFUSED: wire.NamesOutcome.refused,
      MAX_EVENTS_FRAME: wire.MAX_EVENTS_FRAME,
      RECORD_TIME: wire.RECORD_EVENT,
      'sizeof(struct stats)': wire.Stats.size,
      'offsetof(struct stats, flooder)': wire.Stats.flooder,
    }
    for (const [name, kind] of Object.entries(wire.Frame)) fields[`FRAME_${name.toUpperCase()}`] = kind
    for (const [i, name] of wire.COUNTERS.entries()) {
      fields[`COUNT_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`] = i
    }
    expect(evaluate(Object.keys(fields))).toEqual(fields)
  })
})

/** Values of C expressions over wire.h. */
function evaluate(expressions: readonly string[]): Record<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-wire-'))
  try {
    const lines = expressions.map(text => `printf("%lld\\n", (long long)(${text}));`)
    const source = `#include <stddef.h>\n#include <stdio.h>\n#include "wire.h"\nint main(void) { ${lines.join('\n')} return 0; }\n`
    writeFileSync(join(folder, 'wire.c'), source)
    execFileSync('cc', ['-I', native, join(folder, 'wire.c'), '-o', join(folder, 'wire')])
    const values = execFileSync(join(folder, 'wire'), { encoding: 'utf8' }).trim().split('\n')
    return Object.fromEntries(expressions.map((text, i) => [text, Number(values[i])]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
