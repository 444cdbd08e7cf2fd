/** Processes come and go for a long time: the tables hold only those that live. */
import { describe, expect, test } from 'vitest'
import { Delivery } from '../../src/delivery.ts'
import { SyscallEvent } from '../../src/event.ts'
import { PPME } from '../../src/events/ids.ts'
import { PARAM_SIZES } from '../../src/events/params.ts'
import { EVENTS } from '../../src/events/table.ts'
import { SyscallState } from '../../src/state/state.ts'

/** Events as the probe writes them, each in the place of the one before. */
class Recorder {
  private readonly bytes = new Uint8Array(4096)
  private readonly view = new DataView(this.bytes.buffer)
  private readonly event = new SyscallEvent()
  private readonly text = new TextEncoder()
  private time = 1_700_000_000_000_000_000n

  /** Numbers and texts by parameter; those not given are empty. */
  make(type: number, tid: number, values: Record<number, number | string>): SyscallEvent {
    const { params } = EVENTS[type]!
    const { view, bytes } = this
    let at = 26 + params.length * 2
    for (const [i, { type: kind }] of params.entries()) {
      const start = at
      const value = values[i]
      if (typeof value === 'string') at += this.text.encodeInto(`${value}\0`, bytes.subarray(at)).written
      else if (value !== undefined) {
        const size = PARAM_SIZES[kind]
        if (size === 8) view.setBigInt64(at, BigInt(value), true)
        else if (size === 4) view.setUint32(at, value >>> 0, true)
        else if (size === 2) view.setUint16(at, value, true)
        else view.setUint8(at, value)
        at += size
      }
      view.setUint16(26 + 2 * i, at - start, true)
    }
    this.time += 10_000_000n
    view.setBigUint64(0, this.time, true)
    view.setBigUint64(8, BigInt(tid), true)
    view.setUint32(16, at, true)
    view.setUint16(20, type, true)
    view.setUint32(22, params.length, true)
    if (!this.event.attach(bytes, view, 0, at)) throw new Error('not an event')
    this.event.num++
    return this.event
  }
}

/** Number of processes; each produces 11 events. FALC_CHURN sets another: 900000 make about 10^7 events. */
const PROCESSES = Number(process.env.FALC_CHURN ?? 30_000)

describe('churn', { timeout: 600_000 }, () => {
  test('threads, descriptors and memory stay bounded', () => {
    const state = new SyscallState()
    const delivery = new Delivery(state)
    const recorder = new Recorder()
    const take = (type: number, tid: number, values: Record<number, number | string>) =>
      delivery.take(recorder.make(type, tid, values))
    const heaps: number[] = []
    let most = 0
    for (let n = 0; n < PROCESSES; n++) {
      // Ids wrap around, as the kernel's do.
      const tid = 100 + (n % 32_000)
      const cgroup = `cpuset=/docker/${(n % 997).toString(16).padStart(64, 'a')}`
      const ids = { 3: tid, 4: tid, 5: 1, 13: 'sh', 14: cgroup, 18: tid, 19: tid }
      take(PPME.SYSCALL_CLONE_20_X, tid, { 0: 0, 1: 'sh', ...ids, 15: 0, 16: n % 5000, 17: 0 })
      take(PPME.SYSCALL_EXECVE_19_X, tid, {
        ...{ 0: 0, 1: `prog${n}`, 2: `--number\0${n}`, 3: tid, 4: tid, 5: 1, 13: `prog${n % 100}`, 14: cgroup },
        ...{ 15: `N=${n}`, 26: n % 5000, 27: `/usr/bin/prog${n}`, 28: tid, 29: 0 },
      })
      for (let fd = 3; fd < 7; fd++) {
        take(PPME.SYSCALL_OPENAT_2_X, tid, { 0: fd, 1: -100, 2: `/tmp/file-${n}-${fd}`, 3: 1, 4: 0, 5: 1, 6: n })
        if (fd > 3) take(PPME.SYSCALL_CLOSE_X, tid, { 0: 0, 1: fd })
      }
      take(PPME.SYSCALL_CHDIR_X, tid, { 0: 0, 1: `/tmp/${n}` })
      // Some exits are lost.
      if (n % 50 !== 0) take(PPME.PROCEXIT_1_E, tid, { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 })
      most = Math.max(most, state.tables.threads.size)
      if (n % Math.ceil(PROCESSES / 10) === 0) heaps.push(process.memoryUsage().heapUsed)
    }
    expect(most).toBeLessThan(32_000 / 50 + 10)
    const growth = heaps.at(-1)! - heaps[3]!
    expect(growth, `heap in MB: ${heaps.map(bytes => (bytes / 1e6).toFixed(0)).join(' ')}`).toBeLessThan(100e6)
  })
})
