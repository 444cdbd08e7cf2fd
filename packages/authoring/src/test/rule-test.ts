/** Takes the events of a test. @param source name of the event's source */
export type See = (source: string, event: unknown) => void

/** What a test expects of a rule. */
export interface Expectation {
  /** `some`: at least one. */
  readonly alerts: number | 'some'
  /** Must occur in the output of one of its alerts. */
  readonly output?: string | undefined
  /** Fields of one of its alerts, as the output prints them. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  /** Of one of its alerts. */
  readonly priority?: string | undefined
  /** One of its alerts has all of them. */
  readonly tags?: readonly string[] | undefined
  /** Why there is no alert: in the check or the exception that keeps the nearest event from matching. */
  readonly because?: string | undefined
}

/** All alerts of a test when they were last reviewed. */
export interface Snapshot {
  /** The file that has it, as messages name it. */
  readonly file: string
  /** A line for each alert; undefined = there is none yet. */
  readonly text: string | undefined
}

/** One test, wherever it was read from. */
export interface RuleTest {
  readonly name: string
  /** Of the file that it is in, from 1. */
  readonly line?: number | undefined
  /** Shows the events in order. May be called several times. @throws when they cannot be read */
  play(see: See): void | Promise<void>
  /** By rule. Rules that are not named must not alert. Missing where the snapshot says all. */
  readonly expect?: ReadonlyMap<string, Expectation> | undefined
  readonly snapshot?: Snapshot | undefined
}

export interface TestResult {
  readonly name: string
  readonly line?: number | undefined
  /** What is wrong; empty when the test passes. */
  readonly problems: readonly string[]
  /** Milliseconds. */
  readonly took: number
  /** The text that the test's snapshot should have. */
  readonly alerts?: string | undefined
}
