/** Exceptions for a noisy rule: proposed, tested on the stored alerts, and written. */

import { useEffect, useState } from 'preact/hooks'
import type { Exception, Part, Proposals, Rules, Tested, Tuned } from '../shapes/index.ts'
import { ask, tell } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { AlertRows } from './rows.tsx'
import { may } from './session.ts'
import { Share } from './share.tsx'
import { go, view } from './state.ts'
import { START } from './url.ts'

/** Milliseconds of alerts that exceptions are tested on. */
const SINCE_MS = 7 * 86_400_000
const MAX_RULES = 30

export function Tune() {
  const { rule, open } = view.value
  return rule === '' ? <Noisy /> : <OneRule key={`${rule} ${open}`} rule={rule} open={open} />
}

const since = () => new Date(Math.floor((Date.now() - SINCE_MS) / 60_000) * 60_000).toISOString()

/** The rules with most alerts: where tuning begins. */
function Noisy() {
  const { data, error } = useLoaded(() => ask<Rules>('rules', { since: since() }), 'noisy')
  const rules = (data?.rules ?? []).filter(({ hits }) => hits > 0).toSorted((a, b) => b.hits - a.hits)
  const most = rules[0]?.hits ?? 1
  return (
    <section class="top" aria-label="Rules with most alerts">
      <h2>Rules with most alerts in 7 days</h2>
      <ErrorLine text={error} />
      {data && rules.length === 0 && <p class="none">No rule fired in 7 days.</p>}
      <ol>
        {rules.slice(0, MAX_RULES).map(({ name, hits, falsePositives }) => (
          <li key={name}>
            <button type="button" onClick={() => go({ ...START, screen: 'tune', rule: name })}>
              <Share of={most} is={hits} />
              <span class="value">{visible(cut(name, 150))}</span>
              {falsePositives > 0 && <span class="trend">{grouped(falsePositives)} false positives</span>}
              <span class="count">{grouped(hits)}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

function OneRule({ rule, open }: { rule: string; open: string }) {
  const load = () => ask<Proposals>('tune', { rule, id: open, since: since() })
  const { data, error } = useLoaded(load, `${rule} ${open}`)
  const [parts, setParts] = useState<readonly Part[]>([])
  return (
    <div class="stack">
      <section aria-label="Exceptions">
        <div class="bar-above">
          <h2>Exceptions for {visible(cut(rule, 150))}</h2>
          <button type="button" onClick={() => go({ ...START, screen: 'tune' })}>
            Other rules
          </button>
        </div>
        <ErrorLine text={error} />
        {data && (
          <p class="hint">
            {grouped(data.total)} alerts in 7 days{!data.complete && ', of which the newest were looked at'}.
            {open === '' && ' Proposals are made from its newest alert.'}
          </p>
        )}
        {data?.proposals.length === 0 && <p class="none">Nothing that these alerts have in common suggests one.</p>}
        <ol class="top proposals">
          {(data?.proposals ?? []).map(({ parts: own, removes, falsePositives, kept }) => (
            <li key={JSON.stringify(own)}>
              <button type="button" aria-pressed={own === parts} onClick={() => setParts(own)}>
                <Share of={data!.total || 1} is={removes} />
                <span class="value">{own.map(partText).join(' and ')}</span>
                {falsePositives > 0 && <span class="trend">{grouped(falsePositives)} false positives</span>}
                {kept > 0 && <span class="mark warning">{grouped(kept)} were taken seriously</span>}
                {removes === data!.total && removes > 1 && <span class="mark warning">silences the rule</span>}
                <span class="count">removes {grouped(removes)}</span>
              </button>
            </li>
          ))}
        </ol>
      </section>
      {parts.length > 0 && <Try key={JSON.stringify(parts)} rule={rule} first={parts} />}
    </div>
  )
}

const partText = ({ field, op, values }: Part) =>
  `${visible(field)} ${op} ${values.length === 1 && op !== 'in' ? visible(cut(values[0]!, 100)) : `(${values.map(one => visible(cut(one, 60))).join(', ')})`}`

const OPS = ['=', 'in', 'startswith', 'endswith', 'contains'] as const

/** What something is about: parts as JSON, which may have changed since. */
interface Of {
  readonly of: string
}

function Try({ rule, first }: { rule: string; first: readonly Part[] }) {
  const [parts, setParts] = useState(first)
  const [tested, setTested] = useState<(Tested & Of) | undefined>()
  const [error, setError] = useState<string | undefined>()
  const [written, setWritten] = useState<(Tuned & Of) | undefined>()
  const [isWriting, setWriting] = useState(false)
  const exception: Exception = { rule, parts, since: since() }
  const key = JSON.stringify(parts)
  const isTested = tested?.of === key
  const isWritten = written?.of === key
  useEffect(() => {
    let isOver = false
    const timer = setTimeout(async () => {
      try {
        const answer = await tell<Tested>('POST', 'tune/test', exception)
        if (!isOver) setTested({ ...answer, of: key })
        if (!isOver) setError(undefined)
      } catch (problem) {
        if (!isOver) setError((problem as Error).message)
      }
    }, 250)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [key])
  const change = (at: number, part: Part) => setParts(parts.map((one, i) => (i === at ? part : one)))
  const write = async () => {
    setWriting(true)
    setError(undefined)
    try {
      setWritten({ ...(await tell<Tuned>('POST', 'tune', exception)), of: key })
    } catch (problem) {
      setError((problem as Error).message)
    }
    setWriting(false)
  }
  return (
    <section aria-label="Back-test">
      <h2>Back-test</h2>
      {parts.map((part, i) => (
        <div key={part.field} class="part-line">
          <code>{visible(part.field)}</code>
          <select
            aria-label={`Operator of ${part.field}`}
            value={part.op}
            onChange={event => change(i, { ...part, op: event.currentTarget.value as Part['op'] })}
          >
            {OPS.map(op => (
              <option key={op} value={op}>
                {op}
              </option>
            ))}
          </select>
          <input
            aria-label={`Values of ${part.field}`}
            value={part.values.join(', ')}
            onChange={event => {
              const text = event.currentTarget.value
              const values = part.op === 'in' ? text.split(/\s*,\s*/).filter(one => one !== '') : [text]
              change(i, { ...part, values })
            }}
          />
          {parts.length > 1 && (
            <button
              type="button"
              aria-label={`Without ${part.field}`}
              onClick={() => setParts(parts.filter((_, n) => n !== i))}
            >
              ×
            </button>
          )}
        </div>
      ))}
      <ErrorLine text={error} />
      {tested && (
        <>
          <p class="verdict" role="status">
            removes <b>{grouped(tested.removes)}</b> of {grouped(tested.total)} in 7 days; <b>{grouped(tested.stay)}</b>{' '}
            {tested.stay === 1 ? 'stays' : 'stay'}
            {!tested.complete && ' (of the newest alerts: there was no time for all)'}
          </p>
          {tested.problems.map(problem => (
            <p key={problem} class="error">
              {visible(cut(problem, 500))}
            </p>
          ))}
          <pre class="yaml">{visible(tested.yaml).replaceAll('\\u000a', '\n')}</pre>
          <div class="buttons">
            {may('admin') && (
              <button
                type="button"
                class="main"
                disabled={!isTested || tested.problems.length > 0 || isWriting || isWritten}
                onClick={() => void write()}
              >
                Write to the local rules file
              </button>
            )}
            {/* Browsers have it on pages by HTTPS or of this machine only. */}
            {navigator.clipboard && (
              <button type="button" onClick={() => void navigator.clipboard.writeText(tested.yaml)}>
                Copy
              </button>
            )}
          </div>
          {written && isWritten && (
            <p role="status">
              Written to <code>{visible(written.file)}</code>. A sensor that watches the file loads it now.
            </p>
          )}
          <h3>Those that stay</h3>
          {tested.staying.length === 0 && <p class="none">none</p>}
          <AlertRows
            rows={tested.staying}
            open=""
            choose={id => go({ ...START, screen: 'alerts', range: 0, open: id })}
            label="Alerts that stay"
          />
        </>
      )}
    </section>
  )
}
