import type { SyscallEvent } from '@falc/sources-syscall'

type Container = NonNullable<SyscallEvent['thread']>['container']

/** Processes counted separately within one frame; others are counted together. */
const MAX_PROCESSES = 8192

export interface Process {
  readonly pid: number
  name: string
  /** Name and id, as far as known; empty = the host. */
  container: string
  count: number
}

/** Counts events since the last frame. */
export class Activity {
  events = 0
  /** Events of processes beyond the limit. */
  others = 0
  /** By name of the event type. */
  readonly types = new Map<string, number>()
  readonly processes = new Map<number, Process>()

  /** Counts an event that the state has processed. */
  event(event: SyscallEvent, type: string): void {
    this.events++
    this.types.set(type, (this.types.get(type) ?? 0) + 1)
    const { thread } = event
    if (thread === null || thread.pid < 0) return
    let process = this.processes.get(thread.pid)
    if (process === undefined) {
      if (this.processes.size >= MAX_PROCESSES) {
        this.others++
        return
      }
      process = { pid: thread.pid, name: '', container: '', count: 0 }
      this.processes.set(thread.pid, process)
    }
    // Threads can have names other than their process.
    process.name = (thread.leader ?? thread).comm
    process.container = containerOf(thread.container)
    process.count++
  }

  clear(): void {
    this.events = 0
    this.others = 0
    this.types.clear()
    this.processes.clear()
  }
}

function containerOf({ id, info }: Container): string {
  const name = info?.name
  return typeof name === 'string' && name !== '' && name !== id ? `${name} (${id})` : id
}
