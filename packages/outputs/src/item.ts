import type { AlertData } from '@falc/engine'
import type { Item } from './transport.ts'

/** How an output words its alerts. */
export interface Wording {
  readonly contentType: string
  /** For people; undefined: the alert's output. */
  readonly template: ((alert: AlertData) => string) | undefined
}

/** An alert in one output's queue. Its text for people is made when it is read. */
export class QueuedItem implements Item {
  readonly alert: AlertData
  readonly body: string
  readonly #wording: Wording

  constructor(alert: AlertData, body: string, wording: Wording) {
    this.alert = alert
    this.body = body
    this.#wording = wording
  }

  get id(): string {
    return this.alert.id
  }

  get contentType(): string {
    return this.#wording.contentType
  }

  get text(): string {
    return this.#wording.template?.(this.alert) ?? this.alert.output
  }
}
