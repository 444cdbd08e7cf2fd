/** Opens a responder with its journal, and restores its state from there. */
import { join } from 'node:path'
import type { AlertData, Source } from '@falc/engine'
import { ACTIONS } from './actions/list.ts'
import { Approvals } from './approvals.ts'
import { heldCounts, type ResponseCounts } from './guard/counts.ts'
import { FUSE, Limits } from './guard/limits.ts'
import { LocalOnce, type Once, onceKey } from './guard/once.ts'
import { Protected, type ProtectionOptions } from './guard/protected.ts'
import { alertOfEntry } from './journal/alert.ts'
import { type About, aboutOf, type Sealed } from './journal/format.ts'
import { Journal, type JournalOptions } from './journal/journal.ts'
import type { Action } from './model/action.ts'
import type { Ports } from './model/call.ts'
import { type Limit, loadPlaybooks, type PlaybookFile } from './playbook/load.ts'
import { Responder, type ResponderOptions } from './respond.ts'
import { Undo } from './undo.ts'

export interface RespondOptions
  extends ProtectionOptions,
    Pick<ResponderOptions, 'hostname' | 'log' | 'timeout' | 'maxAge' | 'approvalNotice' | 'point'> {
  readonly files: readonly PlaybookFile[]
  /** User-defined actions. */
  readonly actions?: readonly Action[]
  /** The fields that conditions and templates may name. */
  readonly source: Source<AlertData>
  /** Where the journal and the stop file are. One responder uses it. */
  readonly folder: string
  readonly ports: Ports
  /** Records of several responders. Default: those of this one, from its journal. */
  readonly once?: Once
  readonly fuse?: Limit
  /** How long the journal gets. */
  readonly keep?: Pick<JournalOptions, 'bytes' | 'age'>
  /** Gets alerts of source `response` about what was done. It must neither wait nor throw. */
  readonly tell?: (alert: AlertData) => void
}

/** Milliseconds after the end of a step's time in which its answer is recorded. */
const LATE = 10_000

/** The name of the file that stops everything, in the folder. */
export const STOP_FILE = 'stop'

export interface OpenResponder {
  readonly responder: Responder
  readonly journal: Journal
  readonly undo: Undo
  readonly limits: Limits
  readonly counts: ResponseCounts
  close(): Promise<void>
}

/** @throws {PlaybookError} @throws {Error} when the folder cannot be used, or its journal is damaged */
export async function openResponder(options: RespondOptions): Promise<OpenResponder> {
  const { files, source, folder, ports, fuse = FUSE, log, protect, unprotect } = options
  const actions = [...ACTIONS, ...(options.actions ?? [])]
  const playbooks = loadPlaybooks(files, { actions, source })
  const protection = new Protected({ ...(protect && { protect }), ...(unprotect && { unprotect }) }, source)
  const limited = playbooks.flatMap(({ limits }) => [limits.per_target, limits.total, limits.per_namespace])
  const known = Math.max(fuse.per, ...limited.map(limit => limit?.per ?? 0))
  const note = (text: string) => log('error', `journal: ${text}`)
  const journal = await Journal.open(folder, { ...options.keep, known, note })
  const local = new LocalOnce()
  const limits = new Limits(fuse)
  const { hostname, timeout = 60_000, maxAge, approvalNotice, point } = options
  const undo = new Undo({ journal, actions, ports, log, patience: timeout + LATE })
  const ended = restore(journal, { local, limits, undo, log })
  const responder = new Responder({
    ...{ playbooks, journal, once: options.once ?? local, limits, dryLimits: new Limits(fuse) },
    ...{ protection, ports, hostname, stopFile: join(folder, STOP_FILE), log, timeout },
    ...(maxAge !== undefined && { maxAge }),
    ...(approvalNotice && { approvalNotice }),
    ...(point && { point }),
  })
  const approvals = new Approvals({
    folder,
    journal,
    log,
    approved: (alert, waiting) => responder.approved(alert, waiting),
  })
  const tell = (entry: Sealed) => {
    const alert = options.tell && alertOfEntry(entry, hostname)
    if (alert) options.tell!(alert)
  }
  journal.entries = []
  journal.onEntry = entry => {
    undo.follow(entry)
    approvals.follow(entry)
    tell(entry)
  }
  for (const entry of ended) tell(entry)
  approvals.begin()
  return {
    ...{ responder, journal, undo, limits },
    get counts() {
      return {
        ...{
          ...responder.counts,
          dropped: 0,
          steps: responder.account.steps,
          held: heldCounts(responder.account.heldBy),
        },
        ...{ waiting: approvals.count, undoing: undo.waiting, tripped: limits.tripped !== undefined },
        journalFailures: journal.failures,
      }
    },
    async close() {
      responder.stop()
      await approvals.close()
      await undo.close()
      await journal.close()
    },
  }
}

interface Restored {
  readonly local: LocalOnce
  readonly limits: Limits
  readonly undo: Undo
  readonly log: ResponderOptions['log']
}

/**
 * A call that was begun but has no answer is undecided: it is reported, and not repeated.
 * @returns the new entries that say so
 */
function restore(journal: Journal, { local, limits, undo, log }: Restored): Sealed[] {
  const open = new Map<string, Extract<Sealed, { kind: 'asked' }>>()
  const undoing = new Map<string, Extract<Sealed, { kind: 'undoing' }>>()
  for (const entry of journal.entries) {
    undo.follow(entry)
    if (entry.kind === 'undoing') undoing.set(entry.run, entry)
    else if (entry.kind === 'undone') undoing.delete(entry.run)
    if (entry.kind !== 'asked' && entry.kind !== 'answered' && entry.kind !== 'waiting') continue
    const { playbook, step, action, target, alert } = entry
    const dry = entry.kind !== 'waiting' && entry.dry
    const what = entry.kind === 'waiting' ? `wait ${action}` : dry ? `dry ${action}` : action
    const key = onceKey(playbook, step, what, target?.uid ?? alert.id)
    const time = Date.parse(entry.time)
    if (entry.kind === 'waiting') {
      local.restore(key, alert.id, time, 'done')
      continue
    }
    if (entry.kind === 'asked') {
      open.set(entry.run, entry)
      local.restore(key, alert.id, time, 'claimed')
      if (!dry) limits.count(playbook, target, time)
    } else {
      open.delete(entry.run)
      local.restore(key, alert.id, time, entry.outcome === 'undecided' ? 'undecided' : 'done')
    }
  }
  const undecided = { outcome: 'undecided', answers: [] } as const
  const say = (about: About, what: string) =>
    log(
      'warning',
      `${about.playbook}: ${what} ${about.target?.name ?? ''}: undecided: the responder ended in the middle of it`,
    )
  const ended: Sealed[] = []
  for (const { dry, ...entry } of open.values()) {
    const about = aboutOf(entry)
    const answered = journal.append({ kind: 'answered', ...about, ...undecided, dry })
    undo.follow(answered)
    ended.push(answered)
    say(about, about.action)
  }
  for (const entry of undoing.values()) {
    const about = aboutOf(entry)
    ended.push(journal.append({ kind: 'undone', ...about, ...undecided }))
    say(about, `undo of ${about.action}`)
  }
  return ended
}
