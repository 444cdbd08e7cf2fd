/** Updating the tables from event headers alone leaves the same tables as reading every event. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzzed } from '../../../../scripts/testing/fuzz.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { PARTS } from '../../src/state/parts.ts'
import { SkipEvents } from '../../src/state/skip-events.ts'
import { SyscallState } from '../../src/state/state.ts'
import { block, join, SECTION } from '../capture/assemble.ts'
import { dump } from './../state/dump.ts'

/** Threads that are there from the start, one that is started, one that is never seen to start. */
const TIDS = [10, 11, 12, 13]
/** Only this number is ever a socket's: what is known of numbers outlives a state. */
const SOCKET = 3
const NUMS = [0, 1, 2, SOCKET, 4, 5, 40]

function blockOf(line: string, i: number): Uint8Array {
  const { bare, values } = wordsOf(line)
  const event = eventOf(bare[1]!, Number(bare[0]), 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n, values)
  return block(0x216, Uint8Array.of(0, 0, ...event.bytes))
}

function tablesAfter(lines: readonly string[], readAll: boolean) {
  const state = new SyscallState({ readAll })
  const reader = new CaptureReader(state)
  reader.push(SECTION)
  reader.next()
  for (const tid of [10, 11]) state.onProcess(processOf(wordsOf(`thread ${tid} comm=sh`)))
  if (!readAll) reader.skips = new SkipEvents(state.tables, { wanted: new Set(), parts: new Set(PARTS) })
  reader.push(join(lines.map(blockOf)))
  reader.end()
  while (reader.next()) state.apply(reader.event)
  state.tables.settle()
  return { tables: dump(state), passed: reader.counts.passedOver, events: reader.counts.events }
}

const tid = fc.constantFrom(...TIDS)
const num = fc.constantFrom(...NUMS)
const result = fc.constantFrom(0, 1, 8, -9)
const DATA = ['0x', '0x61', '0x0000000000000000', '0x0400000000000000', '0x0300000000000000', '0x6161616161616161']
const UNIX = 5
/** Both ends of a socket: empty, unix, IPv4 in both directions, IPv6; and truncated. */
const TUPLES = [
  '0x',
  `0x01${'1122334455667788'.repeat(2)}00`,
  `0x01${'8877665544332211'.repeat(2)}${Buffer.from('/run/x.sock\0').toString('hex')}`,
  '0x0111223344',
  '0x027f0000015000080808083500',
  '0x02080808083500' + '7f0000015000',
  `0x0a${'20'.repeat(16)}5000${'30'.repeat(16)}3500`,
]
/** Control groups of a container. */
const CGROUPS = `cpu=/docker/${'ab'.repeat(32)}`
const act = fc.oneof(
  tid.map(t => `${t} socket fd=${UNIX} domain=1 type=1 proto=0 flags=0`),
  tid.map(t => `${t} socket fd=${SOCKET} domain=2 type=2 proto=17 flags=0`),
  fc
    .tuple(tid, fc.constantFrom(SOCKET, UNIX, 40), result, fc.constantFrom(...TUPLES), fc.boolean())
    .chain(([t, n, res, tuple, receives]) =>
      fc
        .constantFrom(...(receives ? ['recv', 'recvfrom', 'recvmsg'] : ['send', 'sendto', 'sendmsg']))
        .map(call => `${t} ${call} res=${res} fd=${n} size=8 data=0x61 tuple=${tuple}`),
    ),
  fc
    .tuple(tid, num, fc.constantFrom(1, 4097), fc.constantFrom('/etc/passwd', 'x', '/tmp'))
    .map(([t, n, flags, name]) => `${t} openat fd=${n} dirfd=-100 name=${name} flags=${flags} mode=0 dev=7 ino=9`),
  tid.map(t => `${t} socket fd=${SOCKET} domain=2 type=1 proto=6 flags=0`),
  fc.tuple(tid, num, result).map(([t, n, res]) => `${t} close res=${res} fd=${n}`),
  fc
    .tuple(tid, num, result, fc.constantFrom(...DATA), fc.constantFrom('read', 'write', 'readv', 'pwrite'))
    .map(([t, n, res, data, call]) => `${t} ${call} res=${res} fd=${n} size=8 data=${data}`),
  fc
    .tuple(tid, num, num, fc.constantFrom(1, 2, 3, 26), fc.constantFrom(0, 1))
    .map(([t, res, n, cmd, arg]) => `${t} fcntl res=${res} fd=${n} cmd=${cmd} arg=${arg}`),
  fc.tuple(tid, num).map(([t, n]) => `${t} fcntl res=-9 fd=${n} cmd=1 arg=0`),
  fc.tuple(tid, num).map(([t, n]) => `${t} fcntl res=${n} fd=1 cmd=26`),
  tid.map(t => `${t} nanosleep res=0`),
  fc
    .constantFrom('', ` cgroups=${CGROUPS}`)
    .map(cgroups => `10 clone res=12 exe=sh tid=10 pid=10 ptid=1 flags=0 uid=0 gid=0 vtid=10 vpid=10${cgroups}`),
  // The child's own event, before or after the caller's, with control groups of a container.
  fc.constant(`12 clone res=0 exe=sh tid=12 pid=12 ptid=10 flags=0 uid=7 gid=0 vtid=12 vpid=12 cgroups=${CGROUPS}`),
  fc.constantFrom(
    '10 clone res=-11 exe=sh tid=10 pid=10 ptid=1 flags=0',
    '10 clone res=13 exe=sh tid=10 pid=10 ptid=1 flags=0x100',
  ),
  fc
    .tuple(tid, num, num, result)
    .map(([t, to, n, res]) => `${t} dup2 res=${res < 0 ? res : to} oldfd=${n} newfd=${to}`),
  fc.tuple(tid, result).map(([t, res]) => `${t} pipe2 res=${res} fd1=4 fd2=40 ino=9 flags=0`),
  fc.tuple(tid, result).map(([t, res]) => `${t} socket fd=${res} domain=2 type=1 proto=6 flags=0`),
  fc.tuple(tid, result).map(([t, res]) => `${t} bind res=${res} fd=${SOCKET} addr=0x027f0000015000`),
  fc.tuple(tid, result).map(([t, res]) => `${t} memfd_create fd=${res} name=m flags=1`),
  fc
    .tuple(tid, result, fc.constantFrom(15, 36, 37), fc.constantFrom(0, 1))
    .map(([t, res, option, arg]) => `${t} prctl res=${res} option=${option} arg2_str= arg2_int=${arg}`),
  fc.tuple(tid, result).map(([t, res]) => `${t} setuid res=${res} uid=5`),
  fc.tuple(tid, result, fc.constantFrom('/srv', 'x')).map(([t, res, path]) => `${t} chdir res=${res} path=${path}`),
  fc.tuple(tid, result, fc.constantFrom('/tmp/x', 'x')).map(([t, res, path]) => `${t} unlink res=${res} path=${path}`),
  fc.tuple(tid, result).map(([t, res]) => `${t} unlink res=${res} path=x resolved=/srv/found`),
  fc.constant('11 execve res=-2 exe=dog tid=11 pid=11 ptid=1 uid=3'),
  fc.constantFrom(...TIDS, 12).map(t => `${t} procexit> status=0 ret=0 sig=0 core=0 reaper_tid=0`),
  fc.constant('11 execve res=0 exe=cat tid=11 pid=11 ptid=1 uid=0'),
)

test('random calls leave the same tables', () => {
  let passed = 0
  fc.assert(
    fc.property(fc.array(act, { minLength: 40, maxLength: 100, size: 'max' }), lines => {
      const slow = tablesAfter(lines, true)
      const fast = tablesAfter(lines, false)
      expect(fast).toEqual({ ...slow, passed: fast.passed })
      expect(slow.passed).toBe(0)
      passed += fast.passed
    }),
    fuzzed(200),
  )
  expect(passed).toBeGreaterThan(0)
})

test('a read of eight bytes that look like a descriptor number marks its socket as connected', () => {
  const lines = [
    `10 socket fd=${SOCKET} domain=2 type=1 proto=6 flags=0`,
    // From here on, the loop over headers knows the thread.
    '10 close res=-9 fd=40',
    `10 read res=8 fd=${SOCKET} size=8 data=0x0400000000000000`,
  ]
  expect(tablesAfter(lines, false).tables.join('\n')).toContain('connected')
})
