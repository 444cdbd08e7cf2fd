/** The triage of alerts: state, assignee and notes. */

import { useEffect, useState } from 'preact/hooks'
import type { Change, Changed, State } from '../shapes/index.ts'
import { tell } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { grouped } from './numbers.ts'
import { may } from './session.ts'

/** What was decided about alerts. What is not named stays. */
export type Decision = Pick<Change, 'state' | 'reason' | 'assignee' | 'note'>

/** A decision that the user has made, and about which alerts. */
export interface Decided {
  /** How many were made before, on this screen. */
  readonly number: number
  readonly ids: ReadonlySet<string>
  readonly decision: Decision
}

interface DecideProps {
  /** Which: IDs, or all that a list shows. */
  readonly which: Pick<Change, 'ids' | 'select'>
  /** undefined: not known */
  readonly count: number | undefined
  readonly done: (decision: Decision) => void
  /** A decision that a key has asked for. */
  readonly asked?: State | undefined
}

/** Decisions that need a reason. */
const REASONED: readonly State[] = ['closed', 'false_positive']

const BUTTONS: readonly (readonly [State, string])[] = [
  ['acknowledged', 'Acknowledge'],
  ['closed', 'Close…'],
  ['false_positive', 'False positive…'],
  ['open', 'Reopen'],
]

export function Decide({ which, count, done, asked }: DecideProps) {
  const [asking, setAsking] = useState<State | 'assignee' | 'note' | undefined>()
  const [text, setText] = useState('')
  const [error, setError] = useState<string | undefined>()
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    if (asked) begin(asked)
  }, [asked])
  if (!may('triage')) return null

  const send = async (decision: Decision) => {
    setBusy(true)
    setError(undefined)
    let changed = 0
    try {
      for (;;) {
        const answer = await tell<Changed>('PATCH', 'alerts', { ...which, ...decision })
        changed += answer.changed
        if (!answer.more) break
      }
      setAsking(undefined)
      setText('')
      done(decision)
    } catch (problem) {
      const { message } = problem as Error
      setError(changed === 0 ? message : `${grouped(changed)} alerts were changed, others were not: ${message}`)
    }
    setBusy(false)
  }
  function begin(state: State): void {
    if (REASONED.includes(state)) setAsking(state)
    else void send({ state })
  }
  const finish = () => {
    if (asking === 'note') return send({ note: text })
    if (asking === 'assignee') return send({ assignee: text.trim() === '' ? null : text.trim() })
    return send({ state: asking!, reason: text })
  }
  const what = asking === 'note' ? 'Note' : asking === 'assignee' ? 'Assign to' : 'Why'
  return (
    <div class="decide">
      <div class="buttons">
        {BUTTONS.map(([state, name]) => (
          <button key={state} type="button" disabled={isBusy} onClick={() => begin(state)}>
            {name}
          </button>
        ))}
        <button type="button" disabled={isBusy} onClick={() => setAsking('assignee')}>
          Assign…
        </button>
        <button type="button" disabled={isBusy} onClick={() => setAsking('note')}>
          Note…
        </button>
        {count !== undefined && count > 1 && <span class="hint">{grouped(count)} alerts</span>}
      </div>
      {asking && (
        <form
          class="ask"
          onSubmit={event => {
            event.preventDefault()
            void finish()
          }}
        >
          <label>
            {what}{' '}
            <input
              ref={input => input?.focus()}
              value={text}
              maxLength={500}
              onInput={event => setText(event.currentTarget.value)}
              onKeyDown={event => {
                if (event.key !== 'Escape') return
                event.stopPropagation()
                setAsking(undefined)
              }}
            />
          </label>
          <button type="submit" class="main" disabled={isBusy || (asking !== 'assignee' && text.trim() === '')}>
            {asking === 'note' || asking === 'assignee' ? 'Save' : `Mark as ${asking.replace('_', ' ')}`}
          </button>
        </form>
      )}
      <ErrorLine text={error} />
    </div>
  )
}
