/**
 * Prints as JSON how many bytes of heap an event of each kind takes, and a process and a descriptor of a capture's tables.
 * budget.test.ts runs it in a separate process.
 */
import { Engine } from '@falc/engine'
import { emptyFd } from '../../src/capture/descriptors.ts'
import { emptyProcess } from '../../src/capture/processes.ts'
import { CaptureReader } from '../../src/capture/reader.ts'
import { CaptureWriter } from '../../src/capture/writer.ts'
import { Delivery } from '../../src/delivery.ts'
import { demandOf } from '../../src/demand/demand.ts'
import { FdKind } from '../../src/model/fd.ts'
import { syscall } from '../../src/source.ts'
import { SkipEvents } from '../../src/state/skip-events.ts'
import { SyscallState } from '../../src/state/state.ts'
import { eventBlock, join, SECTION } from '../capture/assemble.ts'

const EVENTS = 1 << 19
const BATCH = 1 << 12

const event = (text: string) => eventBlock(0x216, `5 SYSCALL_${text}`)
const openat = (result: number, path: string) =>
  event(`OPENAT_2_X i64:${result} i64:-100 ${JSON.stringify(`${path}\0`)} u32:1 u32:0 u32:7 u64:9`)
const KINDS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'passed over': [
    event('READ_X i64:1 hex:61 i64:3 u32:1'),
    event('CLOSE_X i64:0 i64:3'),
    event('LSEEK_X i64:0 i64:3 u64:0 u8:0'),
  ],
  'opened again, and closed': [openat(3, '/etc/passwd'), event('CLOSE_X i64:0 i64:3')],
  'failed again to open': [openat(-2, '/etc/nothing')],
}

const RULES = `
- rule: secrets
  desc: .
  condition: evt.type = openat and proc.name != sshd and (fd.name startswith /etc/shadow or fd.connected = true)
  output: '%proc.name %fd.name'
  priority: INFO
`

function bytesPerEvent(kind: string, blocks: readonly Uint8Array[]): number {
  const source = syscall()
  const engine = new Engine({ sources: [source] })
  const report = engine.load([{ name: 'rules.yaml', content: RULES }])
  if (!report.ok) throw new Error(JSON.stringify(report.errors))
  const flags = engine.wantedTypes(source)
  const wanted = [...(flags as Uint8Array).entries()].flatMap(([type, flag]) => (flag === 1 ? type : []))
  const state = new SyscallState()
  const delivery = new Delivery(state, wanted)
  const reader = new CaptureReader(state)
  const batch = join(Array.from({ length: BATCH }, (_, i) => blocks[i % blocks.length]!))
  let delivered = 0
  const run = (events: number) => {
    for (let i = 0; i < events; i += BATCH) {
      reader.push(batch)
      while (reader.next()) {
        if (!delivery.take(reader.event)) continue
        delivered++
        engine.evaluate(source, reader.event)
      }
    }
  }
  reader.push(SECTION)
  run(BATCH)
  reader.skips = new SkipEvents(state.tables, demandOf(wanted, engine.fieldsRead(source)))
  run(EVENTS)
  const seen = delivered
  const before = process.memoryUsage().heapUsed
  run(EVENTS)
  const bytes = process.memoryUsage().heapUsed - before
  if (delivered - seen !== (kind === 'passed over' ? 0 : EVENTS / blocks.length))
    throw new Error(`${kind}: ${delivered - seen} events seen`)
  return bytes / EVENTS
}

const PROCESSES = 5000
const FDS = 10

/** Bytes that the tables take per process. @param fds descriptors of each process, each of a different file */
function bytesPerProcess(fds: number): number {
  const parts: Uint8Array[] = []
  const writer = new CaptureWriter(bytes => parts.push(bytes.slice()))
  const tids = Array.from({ length: PROCESSES }, (_, i) => i + 1)
  writer.processes(
    tids.map(tid => ({
      ...emptyProcess(tid, tid, tid >> 3),
      ...{ comm: 'worker', exe: '/usr/bin/worker', exepath: '/usr/bin/worker', args: ['--id', `${tid}`], cwd: '/srv' },
      ...{ env: ['PATH=/usr/bin', `ID=${tid}`], sid: tid, vpgid: tid, pgid: tid, vtid: tid, vpid: tid, root: '/' },
      ...{ capEffective: 0x1ffffffffffn, exeIno: 1234567n, exeCtime: 1764000000123456789n },
    })),
  )
  for (const tid of tids) {
    const numbers = Array.from({ length: fds }, (_, num) => num)
    writer.fds(
      tid,
      numbers.map(num => ({
        ...emptyFd(num, FdKind.fileV2),
        ino: BigInt(tid),
        name: `/srv/data/${tid}/${num}`,
        dev: 7,
      })),
    )
  }
  writer.flush()
  const state = new SyscallState()
  const reader = new CaptureReader(state)
  const before = heapUsed()
  for (const part of [...parts, KINDS['passed over']![0]!]) reader.push(part)
  if (!reader.next()) throw new Error('no event')
  const { threads, fds: open } = state.tables.counts
  if (threads !== PROCESSES || open !== PROCESSES * fds) throw new Error(`${threads} threads, ${open} descriptors`)
  return (heapUsed() - before) / PROCESSES
}

function heapUsed(): number {
  // Twice: what the first run finalises is freed only by the second.
  gc!()
  gc!()
  return process.memoryUsage().heapUsed
}

const alone = bytesPerProcess(0)
console.log(
  JSON.stringify({
    ...Object.fromEntries(Object.entries(KINDS).map(([kind, blocks]) => [kind, bytesPerEvent(kind, blocks)])),
    'a process that ran before': alone,
    'a descriptor that was open before': (bytesPerProcess(FDS) - alone) / FDS,
  }),
)
