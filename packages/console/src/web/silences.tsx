/** Silences: conditions whose alerts are hidden for a while. They are kept, marked and counted. */

import { useState } from 'preact/hooks'
import type { NewSilence, Silences as SilencesAnswer } from '../shapes/index.ts'
import { ask, tell } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { Condition } from './filter.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { may } from './session.ts'
import { go, view } from './state.ts'
import { moment } from './time.ts'
import { START } from './url.ts'

/** Hours that silences are usually for. */
const HOURS: readonly (readonly [string, number])[] = [
  ['1 hour', 1],
  ['8 hours', 8],
  ['1 day', 24],
  ['1 week', 168],
  ['30 days', 720],
]

export function Silences() {
  const [round, setRound] = useState(0)
  const [failure, setFailure] = useState<string | undefined>()
  const { data, error } = useLoaded(() => ask<SilencesAnswer>('silences'), String(round), 15_000)
  const again = () => setRound(last => last + 1)
  const end = (id: number) =>
    tell('DELETE', `silences/${id}`)
      .then(
        () => setFailure(undefined),
        (problem: Error) => setFailure(problem.message),
      )
      .then(again)
  const all = data?.silences ?? []
  return (
    <div class="stack">
      {may('triage') && <Begin done={again} />}
      <section aria-label="Silences">
        <h2>Silences</h2>
        <ErrorLine text={failure ?? error} />
        {data && all.length === 0 && <p class="none">Nothing is silenced.</p>}
        <ol class="silences">
          {all.map(({ id, condition, until, author, reason, count, complete }) => {
            const isOver = Date.parse(until) <= Date.now()
            return (
              <li key={id} class={isOver ? 'over' : ''}>
                <code>{visible(cut(condition, 500))}</code>
                <p>
                  {visible(cut(reason, 300))}{' '}
                  <span class="hint">
                    by {visible(cut(author, 60))}, {isOver ? 'ended' : 'until'} {moment(until)}
                  </span>
                </p>
                <div class="buttons">
                  <button
                    type="button"
                    onClick={() => go({ ...START, screen: 'alerts', filter: condition, range: 0, silenced: 'only' })}
                  >
                    {!complete && 'at least '}
                    {grouped(count)} alert{count === 1 ? '' : 's'}
                  </button>
                  {!isOver && may('triage') && (
                    <button type="button" onClick={() => void end(id)}>
                      End now
                    </button>
                  )}
                </div>
              </li>
            )
          })}
        </ol>
      </section>
    </div>
  )
}

function Begin({ done }: { done: () => void }) {
  const [condition, setCondition] = useState(view.value.filter)
  const [hours, setHours] = useState(8)
  const [reason, setReason] = useState('')
  const [error, setError] = useState<string | undefined>()
  const [isBusy, setBusy] = useState(false)
  const begin = async () => {
    setBusy(true)
    setError(undefined)
    const until = new Date(Date.now() + hours * 3_600_000).toISOString()
    try {
      await tell('POST', 'silences', { condition, until, reason } satisfies NewSilence)
      setCondition('')
      setReason('')
      done()
    } catch (problem) {
      setError((problem as Error).message)
    }
    setBusy(false)
  }
  return (
    <section aria-label="A new silence">
      <h2>A new silence</h2>
      <form
        class="begin"
        onSubmit={event => {
          event.preventDefault()
          void begin()
        }}
      >
        <Condition
          label="Alerts to silence"
          placeholder='alert.rule = "Read sensitive file untrusted" and k8s.ns.name = staging'
          value={condition}
          change={setCondition}
        />
        <label>
          For{' '}
          <select value={hours} onChange={event => setHours(Number(event.currentTarget.value))}>
            {HOURS.map(([name, value]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="grow">
          Why <input value={reason} maxLength={500} onInput={event => setReason(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" disabled={isBusy || condition.trim() === '' || reason.trim() === ''}>
          Silence
        </button>
      </form>
      <ErrorLine text={error} />
    </section>
  )
}
