/** Counts of everything read and skipped, by kind. */
export class CaptureCounts {
  /** Numbered events: delivered or passed over. */
  events = 0
  /** Of these, events that `next` skipped: see `Skips`. */
  passedOver = 0
  /** Enter events merged into their exits, and events of kinds that are no longer recorded. */
  merged = 0
  /** Events of a type newer than this program. */
  newer = 0
  /** Blocks of an unknown kind. */
  unknownBlocks = 0
  /** Enter events dropped because too many were waiting for their exit. */
  evicted = 0
  sections = 0
}
