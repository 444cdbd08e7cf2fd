import type { Memo } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SyscallEvent } from '../../src/event.ts'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { eventOf, processOf, wordsOf } from '../../src/scene/notation.ts'
import { SyscallState } from '../../src/state/state.ts'

/** Whatever happens: as long as a thread or a descriptor keeps its memo, no field of that scope has changed. */
const SCOPES = { thread: fieldsOf('thread'), fd: fieldsOf('fd') }
const START = 1_700_000_000_000_000_000n

const tid = fc.integer({ min: 1, max: 6 })
const fd = fc.integer({ min: 0, max: 3 })
const comm = fc.constantFrom('sh', 'ls', 'nc')
const ids = fc.record({ uid: fc.constantFrom(0, 7), gid: fc.constantFrom(0, 7) })

const steps = fc.oneof(
  fc.record({ tid, child: tid, comm, ids, thread: fc.boolean() }).map(({ tid, child, comm, ids, thread }) => {
    const flags = thread ? 8192 : 0
    return `${tid} clone res=${child} exe=${comm} comm=${comm} flags=${flags} uid=${ids.uid} gid=${ids.gid} fdlimit=9 pid=${tid} ptid=1 vtid=${tid} vpid=${tid}`
  }),
  fc.record({ tid, parent: tid, comm, thread: fc.boolean() }).map(({ tid, parent, comm, thread }) => {
    const [flags, pid] = thread ? [8192, parent] : [0, tid]
    return `${tid} clone res=0 exe=${comm} comm=${comm} flags=${flags} uid=0 gid=0 fdlimit=9 pid=${pid} ptid=${parent} vtid=${tid} vpid=${pid}`
  }),
  fc
    .record({ tid, pgid: tid, comm, ids })
    .map(
      ({ tid, pgid, comm, ids }) =>
        `${tid} execve res=0 exe=${comm} args=${comm}|x comm=${comm} pid=${tid} ptid=1 pgid=${pgid} vpgid=${pgid} uid=${ids.uid} gid=${ids.gid} fdlimit=9 trusted_exepath=/bin/${comm} env=A=${pgid}`,
    ),
  fc
    .record({ tid, reaper: fc.integer({ min: -1, max: 6 }) })
    .map(s => `${s.tid} procexit status=0 reaper_tid=${s.reaper}`),
  fc.record({ tid, path: fc.constantFrom('/a', '..', 'b') }).map(s => `${s.tid} chdir res=0 path=${s.path}`),
  fc.record({ tid, id: fc.constantFrom(0, 7) }).map(s => `${s.tid} setresuid res=0 ruid=0 euid=${s.id} suid=0`),
  fc.record({ tid, id: fc.constantFrom(0, 7) }).map(s => `${s.tid} setgid res=0 gid=${s.id}`),
  tid.map(tid => `${tid} setsid res=${tid}`),
  tid.map(tid => `${tid} unshare res=0 flags=1048576`),
  tid.map(tid => `${tid} prctl res=0 option=36 arg2_int=1`),
  fc
    .record({ tid, limit: fc.constantFrom(9, 99) })
    .map(s => `${s.tid} setrlimit res=0 cur=${s.limit} max=99 resource=7`),
  fc
    .record({ tid, fd, name: fc.constantFrom('/x', 'y', '../z'), flags: fc.constantFrom(1, 4098) })
    .map(s => `${s.tid} openat fd=${s.fd} dirfd=-100 name=${s.name} flags=${s.flags} ino=${s.flags}`),
  fc.record({ tid, fd }).map(s => `${s.tid} close res=0 fd=${s.fd}`),
  fc.record({ tid, fd, to: fd }).map(s => `${s.tid} dup2 res=${s.to} oldfd=${s.fd} newfd=${s.to}`),
  fc.record({ tid, fd }).map(s => `${s.tid} fcntl res=0 fd=${s.fd} cmd=3 arg=1`),
  fc
    .record({ tid, fd, type: fc.constantFrom(1, 2) })
    .map(s => `${s.tid} socket fd=${s.fd} domain=2 type=${s.type} proto=0`),
  fc.record({ tid, fd, port: tid }).map(s => `${s.tid} connect res=0 tuple=10.0.0.1:${s.port}->10.0.0.2:80 fd=${s.fd}`),
  fc.record({ tid, fd, port: tid }).map(s => `${s.tid} bind res=0 addr=10.0.0.1:${s.port} fd=${s.fd}`),
  fc
    .record({ tid, fd, port: tid })
    .map(s => `${s.tid} recvfrom res=1 data=x tuple=10.0.0.9:9->10.0.0.1:${s.port} fd=${s.fd} size=1`),
  fc
    .record({ tid, fd, port: tid })
    .map(s => `${s.tid} sendto res=1 data=x fd=${s.fd} size=1 tuple=10.0.0.1:${s.port}->10.0.0.9:9`),
  fc.constantFrom(
    '-1 useradded uid=7 gid=7 name=seven home=/ shell=/bin/sh container_id=""',
    '-1 userdeleted uid=7 gid=7 container_id=""',
  ),
)

test('no field has changed of a thread or descriptor that keeps its memo', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 30 }), lines => {
      const state = new SyscallState()
      for (const tid of [1, 2, 3]) state.onProcess(processOf(wordsOf(`thread ${tid} comm=t${tid} sid=2 pgid=3`)))
      state.onTablesEnd()
      lines.forEach((line, i) => {
        const { bare, values } = wordsOf(line)
        const event = eventOf(bare[1]!, Number(bare[0]), START + BigInt(i) * 1_000_000_000n, values)
        event.num = i + 1
        event.tables = state.tables
        state.apply(event)
        check(state, event, line)
      })
    }),
    { numRuns: 500 },
  )
})

function check(state: SyscallState, event: SyscallEvent, line: string): void {
  for (const thread of state.tables.threads) {
    event.thread = thread
    thread.memo = compared(thread.fresh().memo, SCOPES.thread, event, `thread ${thread.tid} after ${line}`)
    for (const [num, fd] of thread.fds) {
      event.fd = fd
      event.fdNum = num
      fd.memo = compared(fd.memo, SCOPES.fd, event, `fd ${num} of ${thread.tid} after ${line}`)
    }
  }
}

/** The values of the fields, as a new memo; they must be those of the old memo, if there is one. */
function compared(memo: Memo | null, fields: typeof SCOPES.fd, event: SyscallEvent, where: string): Memo {
  const values = fields.map(([name, field]) => `${name} ${String(field.extract(event))}`)
  if (memo !== null) expect(values, where).toEqual(memo.owner)
  return { owner: values, truths: [], sets: [] }
}

function fieldsOf(scope: string) {
  return Object.entries(SYSCALL_FIELDS).filter(([, field]) => field.scope === scope && field.arg !== 'required')
}
