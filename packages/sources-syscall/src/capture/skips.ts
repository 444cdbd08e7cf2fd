import type { Window } from './window.ts'

/** How to treat the events of a type, decided from their header. */
export const Skip = {
  /** It is read. */
  take: 0,
  /** It is numbered and passed over. */
  skip: 1,
  /** Its kind is no longer recorded: passed over, and not numbered. */
  drop: 2,
  /** From here on: `Skips.matters` decides for each event. */
  unlessStranger: 3,
  unlessConnects: 4,
  /** `matters` applies it, usually without reading it whole. */
  duplicates: 5,
  closes: 6,
  /** Opens: `matters` applies those that no rule can match, or passes over them if they failed. */
  opens: 7,
  /** A message over a socket: it is read if it changes the state, or if a rule may match. */
  messages: 8,
  /** It is read if it changes something, or if a rule may match. */
  judged: 9,
} as const

/** Which events a reader passes over. */
export interface Skips {
  /** By event type, for every 16-bit number: a `Skip`. Types unknown to this program are 0. */
  readonly actions: Uint8Array
  /** Threads for whose events `matters` is asked whatever the action. */
  readonly awaiting: ReadonlySet<number>
  /** Ids of threads that are known and live, each at its place modulo the length, a power of two. Those of others change nothing. */
  readonly living: Int32Array
  /** By descriptor number: 0 = no process has had an inet socket there. */
  readonly sockets: Uint8Array
  /** The last event that was read is past. */
  begin(): void
  /** Whether the event whose header starts at `start`, and whose bytes end before `limit`, must be read. */
  matters(action: number, window: Window, start: number, limit: number): boolean
}
