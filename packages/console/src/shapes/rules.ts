/** The JSON of the routes for rules. */
import type { Completeness, Found } from './alerts.ts'

export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `GET /api/v1/rules?since=`: those of the files, and those that only alerts name. */
export interface RuleSummary {
  readonly name: string
  readonly hits: number
  /** Of them, false positives. */
  readonly falsePositives: number
  /** The time of the last event; absent: never hit. */
  readonly last?: string
  /** Absent for a rule that is in no file. */
  readonly loaded?: {
    readonly source: string
    readonly priority: string
    readonly enabled: boolean
    readonly tags: readonly string[]
    readonly description: string
    readonly place: Place
    /** What it costs: the checks that an event can need, and for which types of events; absent: for every event of its source. */
    readonly checks: number
    readonly eventTypes?: readonly string[]
  }
}

export interface Rules extends Completeness {
  /** Names of files. Empty: the console was given none. */
  readonly files: readonly string[]
  readonly rules: readonly RuleSummary[]
  /** The errors of the files. */
  readonly problems: readonly string[]
}

/** A part of a condition: macros and lists are expanded. */
export interface Clause {
  readonly kind: 'and' | 'or' | 'not' | 'check'
  /** Of a check. */
  readonly text?: string
  /** The macro whose body it is. */
  readonly macro?: string
  /** Where it was written: also the file of an override. */
  readonly place?: Place
  /** Its name, when it is an exception. */
  readonly exception?: string
  readonly children?: readonly Clause[]
}

/** `GET /api/v1/rules/{name}` */
export interface RuleDetail extends RuleSummary {
  readonly condition?: Clause
  /** As written, with macros by name and everything appended. */
  readonly conditionText?: string
  readonly output?: string
  readonly exceptions?: readonly { readonly name: string; readonly fields: readonly string[]; readonly place: Place }[]
  readonly macros?: readonly string[]
  readonly lists?: readonly string[]
}

/** A clause of a rule that fired. */
export interface WhyClause extends Clause {
  /** null: the alert lacks the fields that decide it. */
  readonly truth: boolean | null
  /** `value`: the alert has it. `deduced`: the rule could not have fired otherwise. */
  readonly by?: 'value' | 'deduced'
  /** Of a check: the value of its left side. */
  readonly value?: string
  readonly children?: readonly WhyClause[]
}

/** `GET /api/v1/alerts/{id}/why` */
export interface Why {
  readonly rule: string
  /** The rule as it is in the console's files now, by what it read from the event (`recorded`), or by the alert's output fields alone (`alert`). */
  readonly from: 'recorded' | 'alert'
  readonly condition: WhyClause
  /** Whether the rule as it is now could have raised the alert. */
  readonly possible: boolean
}

/** A field with values: one line of `exceptions`. */
export interface Part {
  readonly field: string
  readonly op: '=' | 'in' | 'startswith' | 'endswith' | 'contains'
  readonly values: readonly string[]
}

/** `GET /api/v1/tune?rule=&id=&since=`: exceptions that an alert suggests, by how many alerts of its rule they would remove. */
export interface Proposals extends Completeness {
  readonly rule: string
  /** Alerts of the rule. */
  readonly total: number
  readonly proposals: readonly {
    readonly parts: readonly Part[]
    readonly removes: number
    /** Of them, false positives; and how many of the others people have looked at and kept. */
    readonly falsePositives: number
    readonly kept: number
  }[]
}

/** `POST /api/v1/tune/test`, scope read. */
export interface Exception {
  readonly rule: string
  /** Of the exception. Default: made of its fields. */
  readonly name?: string
  readonly parts: readonly Part[]
  /** The alerts that it is tested on. Default: the last 7 days. */
  readonly since?: string
}

export interface Tested extends Completeness {
  readonly total: number
  readonly removes: number
  readonly stay: number
  /** The newest of those that stay, at most 100. */
  readonly staying: readonly Found[]
  /** For a rules file that is loaded after the rule's own. */
  readonly yaml: string
  /** Why the rules would not load with it. */
  readonly problems: readonly string[]
}

/** `POST /api/v1/tune`, scope admin, with an `Exception`: appends it to the console's local rules file. */
export interface Tuned {
  readonly file: string
  readonly yaml: string
}
