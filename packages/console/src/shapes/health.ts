/** The JSON of the routes for sensors, outputs and the session. */
import type { AlertJson } from './alerts.ts'

/** A host whose alerts arrive. */
export interface Sensor {
  readonly host: string
  /** The time of its last event. */
  readonly last: string
  readonly alerts: number
  /** From its metrics alert (`metrics.output_rule`), if it sends some. */
  readonly reported?: {
    readonly at: string
    readonly version?: string
    /** Seconds. */
    readonly uptime?: number
    /** By name of the file, SHA-256. */
    readonly rules: Readonly<Record<string, string>>
    /** Losses by cause, without those that are zero. */
    readonly losses: Readonly<Record<string, number>>
    /** All of its numbers. */
    readonly metrics: Readonly<Record<string, number | string>>
  }
}

/** `GET /api/v1/sensors` */
export interface Sensors {
  /** Those with most alerts first. */
  readonly sensors: readonly Sensor[]
  /** Whether these are all: an answer has a thousand hosts and some 8 MiB at most. */
  readonly complete: boolean
}

/** `GET /api/v1/outputs`: of the falc that the console is a part of, or whose configuration it was given. */
export interface Outputs {
  readonly outputs: readonly {
    readonly name: string
    readonly type: string
    readonly enabled: boolean
    /** Unknown to a console in a separate process. */
    readonly waiting?: number
    readonly delivered?: number
    readonly failed?: number
    readonly dead: number
    /** Why alerts wait. */
    readonly failing?: string
  }[]
}

/** `GET /api/v1/dead-letters`: alerts that a receiver has refused. */
export interface DeadLetters {
  readonly letters: readonly {
    readonly output: string
    readonly letter: string
    readonly refused: string
    readonly cause: string
    readonly message: string
    readonly alert: AlertJson
  }[]
  /** Whether these are all: an answer has 500 letters and some 8 MiB at most, those refused first. */
  readonly complete: boolean
}

/** `POST /api/v1/dead-letters`, scope respond: `send` delivers them once more, `drop` removes them. No letters: all. */
export interface LettersAction {
  readonly output: string
  readonly action: 'send' | 'drop'
  readonly letters?: readonly string[]
}

/** `GET /api/v1/fields`: what conditions may name. */
export interface Fields {
  readonly fields: readonly {
    readonly name: string
    readonly type: string
    readonly doc: string
    /** How an argument is written, if it takes one. */
    readonly arg?: 'optional' | 'required'
  }[]
}

/** `GET /api/v1/session`: who asks, and what they may do. Status 401 has `methods`, too; `oidc`: go to `/api/v1/oidc/login`. */
export interface Session {
  readonly name: string
  readonly scopes: readonly string[]
  /** Undefined: all. */
  readonly namespaces?: readonly string[]
  /** How to sign in. */
  readonly methods: readonly ('token' | 'oidc')[]
}
