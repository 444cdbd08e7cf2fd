/** The cost of the tables at the start of a capture: many processes with many descriptors, as on a large machine. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { emptyFd } from '../../packages/sources-syscall/src/capture/descriptors.ts'
import { emptyProcess } from '../../packages/sources-syscall/src/capture/processes.ts'
import { CaptureReader } from '../../packages/sources-syscall/src/capture/reader.ts'
import type { FdEntry, ProcessEntry } from '../../packages/sources-syscall/src/capture/visitor.ts'
import { CaptureWriter } from '../../packages/sources-syscall/src/capture/writer.ts'
import { FdKind } from '../../packages/sources-syscall/src/model/fd.ts'
import { SyscallState } from '../../packages/sources-syscall/src/state/state.ts'
import { report } from './measure.ts'

const PROCESSES = 100_000
const FDS = 10
const WHAT = 'table of 100,000 processes with ten descriptors each'

export function benchTables(): void {
  console.log('Tables of a capture: heap after a collection')
  report(
    `${WHAT}: heap`,
    megabytes((tid, num) => `/var/lib/app/data/${tid}/file-${num}`),
    'at most 300 MB',
  )
  report(
    `${WHAT}, of ten files that all have open: heap`,
    megabytes((_, num) => `/usr/share/app/data/file-${num}`),
  )
}

function megabytes(pathOf: (tid: number, num: number) => string): string {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const heapUsed = () => {
    // Twice, since what the first has finalised is still there.
    collect()
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heapUsed()
  const state = new SyscallState()
  const reader = new CaptureReader(state)
  const writer = new CaptureWriter(bytes => {
    reader.push(bytes)
    reader.readTables()
  })
  writer.processes(processes())
  for (let tid = 1; tid <= PROCESSES; tid++) writer.fds(tid, descriptors(tid, pathOf))
  writer.flush()
  const whole = heapUsed() - before
  // As at the first event, if no rule reads them.
  state.tables.forgetEnvironments()
  state.tables.forgetOrder()
  return `${(whole / 1e6).toFixed(0)} MB; ${((heapUsed() - before) / 1e6).toFixed(0)} MB without environments and the order of descriptors`
}

function* processes(): Iterable<ProcessEntry> {
  for (let tid = 1; tid <= PROCESSES; tid++) {
    const exe = `/usr/lib/app/bin/worker-${tid % 100}`
    const args = ['--config', `/etc/app/${tid % 500}.conf`, `--id=${tid}`]
    yield {
      ...emptyProcess(tid, tid, tid >> 3),
      ...{ comm: `worker-${tid % 100}`, exe, exepath: exe, args, cwd: '/var/lib/app', root: '/', vtid: tid, vpid: tid },
      ...{ sid: tid & ~15, pgid: tid & ~3, vpgid: tid & ~3, uid: 1000, gid: 1000, loginuid: 1000 },
      ...{ env: ['PATH=/usr/bin:/bin', 'HOME=/root', `ID=${tid}`], capEffective: 0x1ffffffffffn, exeIno: 1234567n },
    }
  }
}

function* descriptors(tid: number, pathOf: (tid: number, num: number) => string): Iterable<FdEntry> {
  for (let num = 0; num < FDS; num++) {
    const name = pathOf(tid, num)
    yield { ...emptyFd(num, FdKind.fileV2), name, ino: BigInt(num + name.length), openFlags: 1, dev: 7 }
  }
}
