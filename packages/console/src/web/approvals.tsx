/** The steps of playbooks that wait for approval: all, or the one that a link names. */

import { useEffect, useState } from 'preact/hooks'
import type { Approvals as Answer, Approval, Word } from '../shapes/index.ts'
import { ask, tell } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { may } from './session.ts'
import { go } from './state.ts'
import { moment } from './time.ts'
import { START } from './url.ts'

const DONE: Readonly<Record<Word, string>> = {
  approved: 'Approved: the responder begins it.',
  denied: 'Denied: it is not done.',
}

export function Approvals() {
  const [round, setRound] = useState(0)
  const [said, setSaid] = useState('')
  const { data, error } = useLoaded(() => ask<Answer>('approvals'), String(round), 3000)
  const all = data?.approvals ?? []
  const answer = async ({ run }: Approval, word: Word) => {
    setSaid(await told(tell('POST', `approvals/${run}`, { word }), word))
    setRound(last => last + 1)
  }
  return (
    <section aria-label="Approvals">
      <h2>Waiting for approval</h2>
      <ErrorLine text={error} />
      <p role="status">{said}</p>
      {data && all.length === 0 && <p class="none">No step waits.</p>}
      {all.length > 0 && !may('respond') && <p class="hint">To approve needs the scope respond.</p>}
      <ol class="silences">
        {all.map(one => (
          <li key={one.run}>
            <Step {...one} />
            <div class="buttons">
              {may('respond') && <Words answer={word => answer(one, word)} about={one} />}
              <button
                type="button"
                onClick={() => go({ ...START, screen: 'alerts', range: 0, open: one.alert.id.slice(0, 32) })}
              >
                Show the alert
              </button>
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** What a link opens, also for who has no account: its token allows the one step. */
export function ByLink({ token }: { token: string }) {
  const [step, setStep] = useState<Approval | undefined>()
  const [said, setSaid] = useState('')
  const [isOver, setOver] = useState(false)
  useEffect(
    () =>
      void tell<Approval>('POST', 'approvals', { token }).then(setStep, problem => {
        setSaid((problem as Error).message)
        setOver(true)
      }),
    [token],
  )
  const answer = async (word: Word) => {
    try {
      await tell('POST', 'approvals', { token, word })
      setSaid(DONE[word])
      setOver(true)
    } catch (problem) {
      // The console may not have heard it: it can be said again.
      setSaid((problem as Error).message)
    }
  }
  return (
    <main>
      <section aria-label="Approval">
        <h1>Falc: a step waits for approval</h1>
        {step && <Step {...step} />}
        {step && !isOver && (
          <div class="buttons">
            <Words answer={answer} about={step} />
          </div>
        )}
        <p role="status">{said}</p>
      </section>
    </main>
  )
}

const told = (answer: Promise<unknown>, word: Word): Promise<string> =>
  answer.then(
    () => DONE[word],
    problem => (problem as Error).message,
  )

function Step({ playbook, plan, expires, alert }: Approval) {
  return (
    <>
      {plan.map(line => (
        <code key={line}>{visible(cut(line, 500))}</code>
      ))}
      <p>
        {visible(cut(alert.output, 500))}{' '}
        <span class="hint">
          playbook {visible(cut(playbook, 200))}, until {moment(expires)}
        </span>
      </p>
    </>
  )
}

function Words({ answer, about }: { answer: (word: Word) => Promise<void>; about: Approval }) {
  const [isAsked, setAsked] = useState(false)
  const name = visible(cut(about.plan.join('; '), 200))
  const say = (word: Word) => {
    setAsked(true)
    void answer(word).finally(() => setAsked(false))
  }
  return (
    <>
      <button
        type="button"
        class="main"
        disabled={isAsked}
        aria-label={`Approve: ${name}`}
        onClick={() => say('approved')}
      >
        Approve
      </button>
      <button type="button" disabled={isAsked} aria-label={`Deny: ${name}`} onClick={() => say('denied')}>
        Deny
      </button>
    </>
  )
}
