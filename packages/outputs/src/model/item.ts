import { type AlertData, alertSize, type ByteSink } from '@falc/engine'
import type { Format } from './format.ts'
import type { Item } from './transport.ts'

/** How an output words its alerts. */
export interface Wording {
  readonly format: Format
  /** For people; undefined: the alert's output. */
  readonly template: ((alert: AlertData) => string) | undefined
}

/** An alert in one output's queue. Its texts are made when they are read. */
export class QueuedItem implements Item {
  readonly alert: AlertData
  readonly #wording: Wording
  #size: number | undefined
  #body: string | undefined

  /** @param size memory that it takes. Default: what the alert takes */
  constructor(alert: AlertData, wording: Wording, size?: number) {
    this.alert = alert
    this.#wording = wording
    this.#size = size
    this.#body = undefined
  }

  get size(): number {
    this.#size ??= alertSize(this.alert)
    return this.#size
  }

  get id(): string {
    return this.alert.id
  }

  get body(): string {
    this.#body ??= this.#wording.format.print(this.alert)
    return this.#body
  }

  write(sink: ByteSink): void {
    const { format } = this.#wording
    if (this.#body === undefined && format.write) format.write(this.alert, sink)
    else sink.text(this.body)
  }

  get contentType(): string {
    return this.#wording.format.contentType
  }

  get text(): string {
    return this.#wording.template?.(this.alert) ?? this.alert.output
  }
}
