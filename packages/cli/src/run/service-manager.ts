import { spawn } from 'node:child_process'
import { ownProcesses } from '@falc/outputs'
import type { Log } from '../log.ts'

/** Reports the state of the service to systemd. */
export interface ServiceManager {
  /** Everything is open and the configuration is valid. Starts feeding the watchdog. */
  ready(status: string): void
  /** A reload has begun; `ready` ends it, whether it succeeded or not. */
  reloading(): void
  stopping(): void
  /** Stops feeding the watchdog. */
  end(): void
}

const NONE: ServiceManager = { ready: () => {}, reloading: () => {}, stopping: () => {}, end: () => {} }

/**
 * Reports to systemd, when it started this process as a service of `Type=notify`. The watchdog (`WatchdogSec=`) is fed
 * from the event loop, so a process that hangs is restarted. Node cannot send datagrams to unix sockets: the program
 * systemd-notify does, and the unit needs `NotifyAccess=all`.
 */
export function serviceManager(log: Log, env: NodeJS.ProcessEnv = process.env): ServiceManager {
  if (!env.NOTIFY_SOCKET) return NONE
  /** Notifications that have not been sent yet: one that overtakes another would leave systemd with the wrong state. */
  const waiting: string[][] = []
  let running = false
  let failed = false
  const fail = (reason: string) => {
    if (!failed) log.warning(`systemd-notify: ${reason}`)
    failed = true
  }
  const notify = (...states: string[]) => {
    waiting.push(states)
    if (!running) next()
  }
  const next = () => {
    const states = waiting.shift()
    running = states !== undefined
    if (states === undefined) return
    const child = spawn('systemd-notify', states, { stdio: 'ignore', timeout: 10_000 })
    if (child.pid !== undefined) ownProcesses.add(child.pid)
    child.on('error', error => {
      fail(error.message)
      if (child.pid === undefined) next()
    })
    child.on('exit', code => {
      next()
      if (child.pid !== undefined) ownProcesses.ended(child.pid)
      if (code !== 0) fail(`exit code ${code}`)
      else failed = false
    })
    child.unref()
  }
  let timer: NodeJS.Timeout | undefined
  return {
    ready(status) {
      notify('READY=1', `STATUS=${status}`)
      const interval = watchdogInterval(env)
      if (interval === undefined) return
      timer ??= setInterval(() => {
        if (!running) notify('WATCHDOG=1')
      }, interval)
      timer.unref()
    },
    reloading: () => notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => notify('STOPPING=1'),
    end: () => clearInterval(timer),
  }
}

/** Milliseconds: a third of the time that systemd waits. */
function watchdogInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(WATCHDOG_USEC)
  if (!(microseconds > 0) || (WATCHDOG_PID && Number(WATCHDOG_PID) !== process.pid)) return undefined
  return Math.max(10, microseconds / 3000)
}
