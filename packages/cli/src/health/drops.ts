import { isoTime } from '@falc/engine'
import type { InternalAlert } from '../alerts/internal.ts'
import type { Config } from '../config/config.ts'
import { dropsOf, type KernelCounts } from '../meter/counts.ts'
import { TokenBucket } from './token-bucket.ts'

const SYSCALL_EVENT_DROP = 'Falco internal: syscall event drop'

/** How the drop monitor acts: syscall_event_drops.actions. */
export interface DropActions {
  log(level: 'critical' | 'warning' | 'debug' | 'info', text: string): void
  alert(alert: InternalAlert): void
  exit(reason: string): void
}

const NOTHING: KernelCounts = {
  events: 0,
  lost: { bufferFull: 0, bufferPressure: 0, bufferFullFirst: 0, scratch: 0, bug: 0 },
}

/** Milliseconds over which losses are added up. */
const SECOND = 1000
/** Milliseconds without a loss after which the next loss is acted on even if the bucket has no token: otherwise it would be reported too late. */
const QUIET = 5000

/** Acts when more system calls are lost than the configuration allows (syscall_event_drops). */
export class DropMonitor {
  /** Seconds in which too much was lost, and those in which actions were taken. */
  detected = 0
  acted = 0
  readonly #config: Config['syscall_event_drops']
  readonly #actions: DropActions
  readonly #bucket: TokenBucket
  #last: KernelCounts
  #looked = Number.NEGATIVE_INFINITY
  #lostAt = Number.NEGATIVE_INFINITY

  /** @param seen what an earlier monitor has judged: losses before a reload are none of the last second */
  constructor(config: Config['syscall_event_drops'], actions: DropActions, seen = NOTHING) {
    this.#config = config
    this.#actions = actions
    this.#last = seen
    this.#bucket = new TokenBucket(config.rate, config.max_burst)
  }

  /** What has been judged. */
  get seen(): KernelCounts {
    return this.#last
  }

  /** Called many times a second. @param now milliseconds of a monotonic clock */
  look(counts: KernelCounts, now: number): void {
    const delta = difference(counts, this.#last)
    const lost = dropsOf(delta).total > 0
    const begins = lost && now - this.#lostAt > QUIET
    // The first loss is not made to wait for the end of its second, where any loss counts.
    if (now - this.#looked < SECOND && !(begins && this.#config.threshold === 0)) return
    if (lost) this.#lostAt = now
    this.#looked = now
    this.#last = counts
    const { simulate_drops: simulate } = this.#config
    if (simulate) this.#actions.log('info', 'Simulating syscall event drop')
    const drops = dropsOf(delta).total + (simulate ? 1 : 0)
    const threshold = simulate ? 0 : this.#config.threshold
    // Lost events are counted as events; a simulated drop may be the only one.
    if (drops === 0 || drops / Math.max(delta.events, 1) <= threshold) return
    this.detected++
    if (this.#bucket.claim(now) || (begins && !simulate)) {
      this.acted++
      this.#act(delta, drops)
    } else this.#actions.log('debug', 'Syscall event drop but token bucket depleted, skipping actions')
  }

  #act(delta: KernelCounts, drops: number): void {
    const text = `${SYSCALL_EVENT_DROP}. ${drops} system calls dropped in last second.`
    for (const action of this.#config.actions) {
      if (action === 'log') this.#actions.log('warning', text)
      else if (action === 'alert') this.#actions.alert(alertOf(text, delta, drops))
      else if (action === 'exit') {
        this.#actions.log('critical', text)
        this.#actions.log('critical', 'Exiting.')
        this.#actions.exit('Drop manager internal error')
      }
    }
  }
}

/** Falco's fields, all of them text. The probe does not count by system call, so n_drops_buffer_open_exit and the like are missing. */
function alertOf(output: string, delta: KernelCounts, drops: number): InternalAlert {
  const fields = {
    n_evts: delta.events,
    n_drops: drops,
    n_drops_buffer_total: dropsOf(delta).buffer,
    n_drops_buffer_full: delta.lost.bufferFull,
    n_drops_buffer_pressure: delta.lost.bufferPressure,
    n_drops_buffer_full_first: delta.lost.bufferFullFirst,
    n_drops_scratch_map: delta.lost.scratch,
    // Falco's older probe dropped an event when a page was missing. This one sends it with an empty parameter.
    n_drops_page_faults: 0,
    n_drops_bug: delta.lost.bug,
    // Falc's own: when losses began, events of processes that filled a ring, and the last of these processes
    ...(delta.lossBegan && { loss_began: isoTime(delta.lossBegan) }),
    ...(delta.flood !== undefined && { n_drops_flood: delta.flood }),
    ...(delta.flooder !== undefined && delta.flood !== 0 && { flooder: delta.flooder }),
    ebpf_enabled: 1,
  }
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return { rule: SYSCALL_EVENT_DROP, priority: 'Debug', output, fields: texts }
}

function difference(now: KernelCounts, before: KernelCounts): KernelCounts {
  const lost = { ...now.lost }
  for (const cause of Object.keys(lost) as (keyof typeof lost)[]) lost[cause] -= before.lost[cause]
  return {
    ...now,
    events: now.events - before.events,
    lost,
    ...(now.flood !== undefined && { flood: now.flood - (before.flood ?? 0) }),
  }
}
