import { compileOutput, type Engine, type Source } from '@falc/engine'
import type { EventStream, SyscallEvent } from '@falc/sources-syscall'
import { print } from '../command.ts'
import { Activity } from './activity.ts'
import { frame } from './frame.ts'

/** Counts the events of a stream and draws frames. */
export class Watch {
  readonly activity = new Activity()
  /** Alerts by rule since the start. */
  readonly #rules = new Map<string, number>()
  readonly #source: Source
  readonly #engine: Engine | undefined
  readonly #rows: number
  readonly #names: TypeNames
  #frames = 0
  /** Time of the last event, ns since 1970. */
  time = 0n

  /** @param rows at most, of each table */
  constructor(source: Source, engine: Engine | undefined, rows: number) {
    this.#source = source
    this.#engine = engine
    this.#rows = rows
    this.#names = new TypeNames(source)
  }

  take(event: SyscallEvent): void {
    this.activity.event(event, this.#names.of(event))
    this.time = event.time
    if (this.#engine === undefined) return
    for (const { rule } of this.#engine.evaluate(this.#source, event))
      this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
  }

  draw({ state }: EventStream, seconds: number, dropped: number): void {
    const { isTTY, columns = 120, rows } = process.stdout
    const text = frame(
      this.activity,
      {
        time: new Date(Number(this.time / 1_000_000n)),
        seconds,
        dropped,
        threads: state.tables.threads.size,
        containers: state.tables.containers.size,
        rules: this.#engine && this.#rules,
        ...(this.#engine && { absences: this.#engine.stats().absences }),
      },
      {
        rows: this.#rows,
        width: columns,
        height: isTTY ? rows : undefined,
        ...(isTTY && process.stdin.isTTY && { hint: 'q quits' }),
      },
    )
    // Home, clear: the frame replaces the previous one.
    if (isTTY) process.stdout.write(`\x1b[H\x1b[2J${text}`)
    else print(this.#frames++ > 0 ? `\n${text}` : text)
    this.activity.clear()
  }
}

/** evt.type of events, kept for the types where it is always the same. */
class TypeNames {
  readonly #names: (string | null)[] = []
  readonly #types: Source['eventTypes']
  readonly #ask: (event: unknown) => string

  constructor(source: Source) {
    this.#types = source.eventTypes
    this.#ask = compileOutput('%evt.type', source)
  }

  of(event: SyscallEvent): string {
    const { type } = event
    let name = this.#names[type]
    if (name === undefined) {
      const known = this.#types?.valueOf('evt.type', type)
      name = this.#names[type] = typeof known === 'string' ? known : null
    }
    return name ?? this.#ask(event)
  }
}
