/** Prints how many bytes of heap an event of each kind takes, as JSON: run by budget.test.ts in a process of its own. */
import { Engine } from '@falc/engine'
import { CaptureReader } from '../../src/capture/reader.ts'
import { Delivery } from '../../src/delivery.ts'
import { demandOf } from '../../src/demand/demand.ts'
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

console.log(
  JSON.stringify(
    Object.fromEntries(Object.entries(KINDS).map(([kind, blocks]) => [kind, bytesPerEvent(kind, blocks)])),
  ),
)
