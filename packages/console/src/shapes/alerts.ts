/**
 * The JSON that routes accept and return, for the server and the page. Times are ISO 8601 in UTC; times of events have nanoseconds.
 */

/** The triage state of an alert. Every alert begins as `open`. */
export type State = 'open' | 'acknowledged' | 'closed' | 'false_positive'

export interface AlertJson {
  readonly id: string
  readonly rule: string
  readonly priority: string
  readonly source: string
  readonly time: string
  readonly output: string
  readonly message?: string
  readonly hostname?: string
  readonly tags: readonly string[]
  readonly output_fields: Readonly<Record<string, unknown>>
  /** Other values that the rule's condition read, if the sensor keeps them. */
  readonly condition_fields?: Readonly<Record<string, unknown>>
}

/** What people have decided about an alert; absent for one that is open and assigned to no one. */
export interface Triage {
  readonly state: State
  readonly reason?: string
  readonly assignee?: string
  /** The user and the time of the last change. */
  readonly by: string
  readonly at: string
  /** How many notes there are. */
  readonly notes: number
}

export interface Note {
  readonly by: string
  readonly at: string
  readonly text: string
}

/** An alert in a list, and in events of the stream. */
export interface Found {
  readonly seq: number
  readonly alert: AlertJson
  readonly triage?: Triage
  /** Numbers of the silences that cover it. */
  readonly silences?: readonly number[]
}

/** `GET /api/v1/alerts`: also `state=open,acknowledged`, `assignee=NAME`, `silenced=no|only`. */
export interface AlertPage {
  readonly alerts: readonly Found[]
  /** `cursor` of the next page; null: that was the last. A page may be short, or empty, and have a next one: the time was up. */
  readonly next: number | null
  /** The number of the alert that had arrived last: the stream with this `after` continues the list. */
  readonly last: number
}

/** `GET /api/v1/alerts/{id}` */
export interface Detail extends Found {
  readonly notes: readonly Note[]
}

/** `PATCH /api/v1/alerts`, scope triage: what changes, and of which alerts. */
export interface Change {
  /** IDs, at most 1000 … */
  readonly ids?: readonly string[]
  /** … or all that a list shows: its parameters. */
  readonly select?: Readonly<
    Partial<Record<'filter' | 'q' | 'since' | 'until' | 'state' | 'assignee' | 'silenced', string>>
  >
  readonly state?: State
  /** Why; needed with `closed` and `false_positive`. */
  readonly reason?: string
  /** A name; null: assigned to no one any more. */
  readonly assignee?: string | null
  /** Is added to the notes. */
  readonly note?: string
}

export interface Changed {
  readonly changed: number
  /** Whether there are more that `select` selects: send it again. */
  readonly more: boolean
}

export interface Count {
  readonly value: string | null
  readonly count: number
}

export interface Bar extends Count {
  readonly time: string
}

/** How much a query had time for: its answer may cover only the newest alerts. */
export interface Completeness {
  /** Whether all alerts were looked at, and all values kept apart. */
  readonly complete: boolean
  /** Where they were not: how many of the alerts were looked at, the newest first. */
  readonly looked?: { readonly alerts: number; readonly of: number }
}

/** `GET /api/v1/top?by=` */
export interface Top extends Completeness {
  readonly counts: readonly Count[]
}

/** `GET /api/v1/histogram?by=&step=` */
export interface Histogram extends Completeness {
  readonly bars: readonly Bar[]
}

/** `GET /api/v1/facets?fields=rule,priority,proc.name&limit=10` */
export interface Facets extends Completeness {
  readonly facets: readonly { readonly field: string; readonly values: readonly Count[] }[]
}

/** Alerts that are equal in some fields: ×count. */
export interface Group {
  /** By field; null: absent. */
  readonly values: Readonly<Record<string, string | null>>
  readonly count: number
  /** How many of them are open. */
  readonly open: number
  /** Times of the earliest and the latest event. */
  readonly first: string
  readonly last: string
  /** The one that arrived last. */
  readonly newest: Found
}

/** `GET /api/v1/groups?by=rule,proc.name&limit=50`: one to three fields, the most frequent first. */
export interface Groups extends Completeness {
  readonly groups: readonly Group[]
}

/** `GET /api/v1/status` */
export interface Status extends Completeness {
  readonly count: number
  /** The number of the alert that arrived last. */
  readonly last: number
  /** The times of the first and the last event, of any alert; absent: there are none. */
  readonly from?: string
  readonly to?: string
}

/** Hides alerts from who need not see them: these are kept, marked and counted. */
export interface Silence {
  readonly id: number
  readonly condition: string
  /** Alerts of events between these times. */
  readonly from: string
  readonly until: string
  readonly author: string
  readonly reason: string
  readonly created: string
  /** How many stored alerts it covers. */
  readonly count: number
  readonly complete: boolean
}

/** `GET /api/v1/silences` */
export interface Silences {
  readonly silences: readonly Silence[]
}

/** `POST /api/v1/silences`, scope triage. `DELETE /api/v1/silences/{id}` ends one now. */
export interface NewSilence {
  readonly condition: string
  /** Default: now. */
  readonly from?: string
  readonly until: string
  readonly reason: string
}
