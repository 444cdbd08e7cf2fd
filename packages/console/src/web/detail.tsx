/** One alert: message, explanation, process and ancestors, fields, surrounding alerts, notes, JSON. */

import type { AlertPage, Found, Detail as Full, Why as Reason, Top } from '../shapes/index.ts'
import { ancestryOf } from './ancestry.ts'
import { ask } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { fieldName, fieldOf, isInFile } from './fields.ts'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { partly } from './partly.ts'
import { STATE_NAMES, sentenceOf, shortTime, valueText } from './rows.tsx'
import { go, view } from './state.ts'
import { Decide, type Decision } from './triage.tsx'
import { checkOf, narrowed, START } from './url.ts'
import { Why } from './why.tsx'

const MAX_VALUE = 4000

interface DetailProps {
  readonly id: string
  /** Another one: a decision was made, perhaps in the list. */
  readonly round: number
  readonly done: (ids: ReadonlySet<string>, decision: Decision) => void
}

export function Detail({ id, round, done }: DetailProps) {
  const { data, error } = useLoaded(() => ask<Full>(`alerts/${id}`), `${id} ${round}`)
  return (
    <aside class="detail" aria-label="Alert">
      <button type="button" class="close" aria-label="Close" onClick={() => go({ open: '' })}>
        ×
      </button>
      <ErrorLine text={error} />
      {data && <Contents {...data} done={done} />}
    </aside>
  )
}

function Contents({ alert, triage, notes, silences, done }: Full & Pick<DetailProps, 'done'>) {
  const container = alert.output_fields['container.id']
  const same = checkOf('alert.rule', alert.rule)
  return (
    <>
      <h2>
        <span class={`priority p-${alert.priority}`}>{alert.priority}</span> {visible(cut(alert.rule, 200))}
      </h2>
      <p class="when">
        <time dateTime={alert.time}>{alert.time}</time>
        {triage && <span class="tag">{STATE_NAMES[triage.state]}</span>}
        {triage?.assignee !== undefined && <span class="tag">{visible(cut(triage.assignee, 60))} has it</span>}
        {silences && silences.length > 0 && <span class="tag">silenced</span>}
        {alert.tags.map(tag => (
          <span key={tag} class="tag">
            {visible(cut(tag, 60))}
          </span>
        ))}
      </p>
      {triage?.reason !== undefined && (
        <p class="hint">
          {STATE_NAMES[triage.state]} by {visible(triage.by)}: {visible(cut(triage.reason, 500))}
        </p>
      )}
      <p class="sentence">{visible(cut(sentenceOf(alert), MAX_VALUE))}</p>
      <Decide which={{ ids: [alert.id] }} count={1} done={decision => done(new Set([alert.id]), decision)} />
      <div class="buttons">
        <button type="button" onClick={() => go({ ...START, screen: 'tune', rule: alert.rule, open: alert.id })}>
          Make an exception
        </button>
        <button type="button" onClick={() => go({ ...START, screen: 'silences', filter: same })}>
          Silence this rule
        </button>
        <button type="button" onClick={() => go({ ...START, screen: 'rules', rule: alert.rule })}>
          The rule
        </button>
      </div>
      {isInFile(alert.rule) && <Because id={alert.id} />}
      <Responses id={alert.id} />
      <Ancestry fields={{ ...alert.condition_fields, ...alert.output_fields }} />
      <Values alert={alert} />
      <Around title="The same rule, by host" filter={same} by="host" />
      {typeof container === 'string' && container !== '' && container !== 'host' && (
        <Beside alert={alert} container={container} />
      )}
      {notes.length > 0 && (
        <>
          <h3>Notes</h3>
          <ul class="notes">
            {notes.map(({ by, at, text }) => (
              <li key={`${at} ${text}`}>
                <span class="hint">
                  {visible(cut(by, 60))}, {shortTime(at)}
                </span>{' '}
                {visible(cut(text, MAX_VALUE))}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>JSON</h3>
      <pre>{visible(cut(JSON.stringify(alert, null, 2), 20_000)).replaceAll('\\u000a', '\n')}</pre>
    </>
  )
}

function Because({ id }: { id: string }) {
  const { data, error } = useLoaded(() => ask<Reason>(`alerts/${id}/why`), id)
  return (
    <>
      <h3>Why it fired</h3>
      <ErrorLine text={error} />
      {data && !data.possible && (
        <p class="hint">The rule has changed: as it is now, it would not have raised this alert.</p>
      )}
      {data ? (
        <Why
          condition={data.condition}
          note={
            data.from === 'alert'
              ? 'By the alert’s output fields. Grey marks: it does not have the field, but could not have been raised otherwise.'
              : undefined
          }
          show={() => go({ ...START, screen: 'rules', rule: data.rule })}
        />
      ) : (
        error === undefined && <p class="wait">…</p>
      )}
    </>
  )
}

/** The steps of playbooks for this alert; each is an alert itself. */
function Responses({ id }: { id: string }) {
  const filter = checkOf(fieldName('response.alert'), id)
  const { data, error } = useLoaded(() => ask<AlertPage>('alerts', { filter, limit: 50 }), id)
  const steps = data?.alerts.toReversed() ?? []
  if (error === undefined && steps.length === 0) return null
  return (
    <section aria-label="Responses">
      <h3>Responses</h3>
      <ErrorLine text={error} />
      <ol class="beside">
        {steps.map(({ seq, alert: step }) => (
          <li key={seq}>
            <button type="button" class="other" onClick={() => go({ open: step.id })}>
              <time dateTime={step.time}>{shortTime(step.time)}</time>{' '}
              <span class={`priority p-${step.priority}`}>
                {visible(cut(valueText(step.output_fields['response.outcome'] ?? step.priority), 40))}
              </span>{' '}
              {visible(cut(sentenceOf(step), 300))}
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Ancestry({ fields }: { fields: Found['alert']['output_fields'] }) {
  const processes = ancestryOf(fields)
  if (processes.length === 0) return null
  return (
    <>
      <h3>Processes</h3>
      <ul class="ancestry" aria-label="Ancestors, the oldest first">
        {processes.map(({ name, details }, depth) => (
          <li
            key={depth}
            class={depth === processes.length - 1 ? 'process own' : 'process'}
            style={{ '--depth': Math.min(depth, 10) }}
          >
            <code>{visible(cut(name, 100))}</code>
            {details.map(([field, value]) => (
              <span key={field} class="hint" title={field}>
                {' '}
                {visible(cut(value, 300))}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </>
  )
}

function Values({ alert }: Pick<Found, 'alert'>) {
  const facts: [string, string][] = [
    ['alert.rule', alert.rule],
    ['alert.priority', alert.priority],
    ['alert.source', alert.source],
    ...(alert.hostname === undefined ? [] : [['alert.hostname', alert.hostname] as [string, string]]),
    ...Object.entries(alert.output_fields).flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, valueText(value)]],
    ),
  ]
  return (
    <>
      <h3>Fields</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt title={fieldOf(name)?.doc}>
              {visible(cut(name, 80))} <span class="type">{fieldOf(name)?.type}</span>
            </dt>
            <dd>
              <button
                type="button"
                title="Only alerts with this value"
                onClick={() => go({ open: '', filter: narrowed(view.value.filter, fieldName(name), value) })}
              >
                {visible(cut(value, MAX_VALUE))}
              </button>
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Around({ title, filter, by }: { title: string; filter: string; by: string }) {
  const { data, error } = useLoaded(() => ask<Top>('top', { filter, by, limit: 5 }), filter)
  const part = data && partly(data)
  return (
    <>
      <h3>{title}</h3>
      <ErrorLine text={error} />
      {part && <p class="hint">{part}</p>}
      <ul class="around">
        {(data?.counts ?? []).map(({ value, count }) => (
          <li key={value}>
            <span>{visible(cut(value ?? '(none)', 100))}</span> <span class="count">{grouped(count)}</span>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => go({ ...START, screen: 'alerts', filter, range: 0, open: view.value.open })}>
        Show them
      </button>
    </>
  )
}

/** Milliseconds before and after an alert. */
const BESIDE_MS = 300_000

/** Other alerts of its container, before and after. */
function Beside({ alert, container }: Pick<Found, 'alert'> & { container: string }) {
  const filter = checkOf('container.id', container)
  const time = Date.parse(alert.time)
  const iso = (ms: number) => new Date(ms).toISOString()
  const load = () =>
    ask<AlertPage>('alerts', { filter, since: iso(time - BESIDE_MS), until: iso(time + BESIDE_MS), limit: 20 })
  const { data, error } = useLoaded(load, alert.id)
  const all = (data?.alerts ?? []).toSorted((a, b) => (a.alert.time < b.alert.time ? -1 : 1))
  return (
    <>
      <h3>The same container, five minutes before and after</h3>
      <ErrorLine text={error} />
      {data && data.next !== null && <p class="hint">There are more: these arrived last.</p>}
      <ol class="beside">
        {all.map(({ seq, alert: other }) => (
          <li key={seq} class={other.id === alert.id ? 'self' : ''}>
            <button
              type="button"
              class="other"
              aria-current={other.id === alert.id ? 'true' : undefined}
              onClick={() => go({ open: other.id })}
            >
              <time dateTime={other.time}>{shortTime(other.time)}</time>{' '}
              <span class={`priority p-${other.priority}`}>{other.priority}</span> {visible(cut(other.rule, 100))}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" onClick={() => go({ ...START, screen: 'alerts', filter, range: 0, open: alert.id })}>
        All of this container
      </button>
    </>
  )
}
