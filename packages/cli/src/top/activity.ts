import type { SyscallEvent } from '@falc/sources-syscall'

/** Processes told apart within one frame; further ones are counted together. */
const MAX_PROCESSES = 8192

export interface Process {
  readonly pid: number
  name: string
  container: string
  count: number
}

/** What happened since the last frame. */
export class Activity {
  events = 0
  alerts = 0
  /** Events of processes beyond the limit. */
  others = 0
  /** By name of the event type. */
  readonly types = new Map<string, number>()
  readonly processes = new Map<number, Process>()
  readonly rules = new Map<string, number>()

  /** Takes an event, after the state has. */
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
    process.name = thread.comm
    process.container = thread.containerId
    process.count++
  }

  alert(rule: string): void {
    this.alerts++
    this.rules.set(rule, (this.rules.get(rule) ?? 0) + 1)
  }

  clear(): void {
    this.events = 0
    this.alerts = 0
    this.others = 0
    this.types.clear()
    this.processes.clear()
    this.rules.clear()
  }
}
