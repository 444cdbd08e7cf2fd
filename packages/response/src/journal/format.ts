/**
 * The journal's format: JSON lines, one entry each, which end in a checksum over the entry and the checksum before it:
 *
 *     {"seq":1,"time":"2026-11-24T10:00:00.000Z","kind":"asked",…,"sum":"<32 hex digits>"}
 *
 * So an entry that was changed, left out or put in is found, and everything up to it is known to be whole. Numbers count from 1. A
 * file that continues another begins with the entries of it that are still to be known, under their numbers, up to a note that names it. A line without its end is what a crash left: it was never acted on, since the act comes after the entry is on disk.
 */
import { createHash } from 'node:crypto'
import type { Target } from '../model/action.ts'
import type { Data, Outcome } from '../model/call.ts'

export interface About {
  /** Of one step for one alert: `asked`, `answered` and `undone` share it. */
  readonly run: string
  readonly playbook: string
  /** From 1. */
  readonly step: number
  readonly action: string
  readonly target?: Target
  readonly alert: {
    readonly id: string
    readonly rule: string
    readonly time: string
    readonly hostname?: string
    readonly output: string
  }
}

/** The properties that the entries of a step share. */
export const aboutOf = ({ run, playbook, step, action, target, alert }: About): About => ({
  ...{ run, playbook, step, action, alert },
  ...(target && { target }),
})

export type Entry =
  /** It is about to be done. On disk before any call is made. */
  | (About & {
      readonly kind: 'asked'
      /** The conditions that held: the playbook's, and the step's. */
      readonly why: readonly string[]
      readonly plan: readonly string[]
      readonly dry: boolean
      /** ISO time of its undo. */
      readonly until?: string
      /** The input of an undo: the alert and the parameters. */
      readonly undo?: { readonly alert: string; readonly params: Data }
    })
  | (About & {
      readonly kind: 'answered'
      readonly outcome: Outcome
      readonly answers: readonly Answered[]
      readonly dry: boolean
    })
  | (About & { readonly kind: 'held'; readonly guard: string; readonly reason: string })
  /** Approval was requested. */
  | (About & {
      readonly kind: 'waiting'
      readonly plan: readonly string[]
      readonly expires: string
      readonly full: string
      /** What the playbook gave the step, which is what is approved. Absent from entries of earlier versions. */
      readonly given?: Given
      /** SHA-256 in hex of the token of a link that approves it. */
      readonly token?: string
    })
  | (About & { readonly kind: 'approved' | 'denied'; readonly by?: string })
  | (About & { readonly kind: 'expired' })
  | (About & { readonly kind: 'undoing'; readonly plan: readonly string[] })
  | (About & { readonly kind: 'undone'; readonly outcome: Outcome; readonly answers: readonly Answered[] })
  | { readonly kind: 'note'; readonly text: string }

export interface Given {
  readonly params?: Data
  /** Milliseconds until it is undone. */
  readonly lasts?: number
}

export interface Answered {
  readonly call: string
  readonly outcome: Outcome
  readonly said: string
  readonly data?: { readonly [key: string]: Data | undefined }
}

/** Whether a step is to be undone: it was done, it may have been, or a part of it was before the rest failed. */
export const hasEffect = ({ outcome, answers }: { readonly outcome: Outcome; readonly answers: readonly Answered[] }) =>
  outcome === 'done' ||
  outcome === 'undecided' ||
  answers.some(answer => answer.outcome === 'done' || answer.data !== undefined)

/** After these nothing waits any more. An approved step does so until it is begun. */
export const ENDS_WAITING: ReadonlySet<Entry['kind']> = new Set(['denied', 'expired', 'asked', 'held'])

export type Sealed = Entry & { readonly seq: number; readonly time: string }

export type Waiting = Extract<Sealed, { kind: 'waiting' }>

export const NO_SUM = '0'.repeat(32)

const SUM = /,"sum":"([0-9a-f]{32})"\}$/

/** @param before the checksum of the entry before; NO_SUM for the first */
export function seal(entry: Entry, seq: number, time: Date, before: string): { line: string; sum: string } {
  const text = JSON.stringify({ seq, time: time.toISOString(), ...entry })
  const sum = sumOf(text, before)
  return { line: `${text.slice(0, -1)},"sum":"${sum}"}\n`, sum }
}

const sumOf = (text: string, before: string) =>
  createHash('sha256').update(before).update(text).digest('hex').slice(0, 32)

export interface JournalText {
  readonly entries: readonly Sealed[]
  /** The last whole entry's. */
  readonly sum: string
  /** Bytes up to the end of the last whole entry. */
  readonly whole: number
  /** The error after it, unless it is only the beginning of an entry. */
  readonly damage?: string
}

/** @param before the checksum of the entry before */
export function readJournalText(text: string, before = NO_SUM): JournalText {
  const entries: Sealed[] = []
  let sum = before
  let at = 0
  for (;;) {
    const end = text.indexOf('\n', at)
    if (end < 0) break
    const line = text.slice(at, end)
    const found = SUM.exec(line)
    const bare = found ? `${line.slice(0, found.index)}}` : ''
    if (!found || sumOf(bare, sum) !== found[1]) {
      const damage = `entry ${entries.length + 1} is damaged, or entries before it were changed`
      return { entries, sum, whole: Buffer.byteLength(text.slice(0, at)), damage }
    }
    entries.push(JSON.parse(bare))
    sum = found[1]!
    at = end + 1
  }
  return { entries, sum, whole: Buffer.byteLength(text.slice(0, at)) }
}
