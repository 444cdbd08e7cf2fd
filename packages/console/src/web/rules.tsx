/** Rules: how often they fire, which never do, what they cover, and their expanded conditions. */

import { useState } from 'preact/hooks'
import type { RuleDetail, RuleSummary, Rules as RulesAnswer } from '../shapes/index.ts'
import { ask, spanOf } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { ageText } from './health.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { go, view } from './state.ts'
import { checkOf, RANGES, START } from './url.ts'
import { Why } from './why.tsx'

type Show = 'all' | 'never' | 'unknown'

export function Rules() {
  const { rule, range, q } = view.value
  const { since } = spanOf(view.value)
  const load = () =>
    ask<RulesAnswer>('rules', { since: since === undefined ? undefined : new Date(since).toISOString() })
  const { data, error } = useLoaded(load, String(range))
  const [show, setShow] = useState<Show>('all')
  const all = data?.rules ?? []
  const words = q.toLowerCase()
  const shown = all
    .filter(one => (show === 'never' ? one.hits === 0 : show === 'unknown' ? !one.loaded : true))
    .filter(({ name, loaded }) => `${name} ${loaded?.tags.join(' ')}`.toLowerCase().includes(words))
    .toSorted((a, b) => b.hits - a.hits || (a.name < b.name ? -1 : 1))
  return (
    <div class={rule === '' ? 'split' : 'split has-detail'}>
      <div class="stack">
        <section aria-label="Rules">
          <div class="bar-above">
            <h2>
              {grouped(shown.length)} rule{shown.length === 1 ? '' : 's'}
            </h2>
            <input
              aria-label="Words"
              placeholder="name or tag"
              value={q}
              onInput={event => go({ q: event.currentTarget.value })}
            />
            <select aria-label="Which" value={show} onChange={event => setShow(event.currentTarget.value as Show)}>
              <option value="all">all rules</option>
              <option value="never">never hit</option>
              <option value="unknown">in no file</option>
            </select>
            <select
              aria-label="Time"
              value={range}
              onChange={event => go({ range: Number(event.currentTarget.value) })}
            >
              {RANGES.map(([name, ms]) => (
                <option key={ms} value={ms}>
                  {name}
                </option>
              ))}
            </select>
          </div>
          <ErrorLine text={error} />
          {data?.files.length === 0 && (
            <p class="hint">
              The console knows no rules files: start it with -r rules.yaml to see all rules, also those that never
              fire.
            </p>
          )}
          {data?.problems.map(problem => (
            <p key={problem} class="error">
              {visible(cut(problem, 500))}
            </p>
          ))}
          {shown.length > 0 && <RuleTable rules={shown} open={rule} />}
        </section>
        {data && data.files.length > 0 && <Matrix rules={all} />}
      </div>
      {rule !== '' && <OneRule key={rule} name={rule} />}
    </div>
  )
}

function RuleTable({ rules, open }: { rules: readonly RuleSummary[]; open: string }) {
  return (
    <div class="scroll">
      <table class="rule-table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="number">
              Hits
            </th>
            <th scope="col">Last</th>
            <th scope="col" class="number">
              False positives
            </th>
            <th scope="col">Priority</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rules.map(({ name, hits, last, falsePositives, loaded }) => (
            <tr key={name} class={name === open ? 'open' : ''}>
              <td>
                <button type="button" class="link" onClick={() => go({ rule: name === open ? '' : name })}>
                  {visible(cut(name, 150))}
                </button>{' '}
                {loaded && !loaded.enabled && <span class="hint">off</span>}
                {!loaded && <span class="hint">in no file</span>}
              </td>
              <td class="number">{hits === 0 ? <span class="hint">never</span> : grouped(hits)}</td>
              <td class="nowrap">{last === undefined ? '' : ageText(Date.now() - Date.parse(last))}</td>
              <td class="number">{falsePositives > 0 ? grouped(falsePositives) : ''}</td>
              <td>{loaded && <span class={`priority p-${loaded.priority}`}>{loaded.priority}</span>}</td>
              <td class="nowrap">{loaded?.enabled && <Cost {...loaded} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const MAX_TYPES = 20

function namesOf(eventTypes: readonly string[]): string {
  const names = eventTypes.slice(0, MAX_TYPES).join(', ')
  return eventTypes.length > MAX_TYPES ? `${names} and ${eventTypes.length - MAX_TYPES} more` : names
}

/** The cost of a rule: the number of checks, and the events that need them. */
function Cost({ checks, eventTypes }: Pick<NonNullable<RuleSummary['loaded']>, 'checks' | 'eventTypes'>) {
  const [first, ...others] = eventTypes ?? []
  const where = first === undefined ? 'every event' : others.length === 0 ? first : `${first} +${others.length}`
  return (
    <span title={eventTypes && namesOf(eventTypes)}>
      {checks} check{checks === 1 ? '' : 's'} <span class="hint">on {visible(where)}</span>
    </span>
  )
}

/** Tactics of MITRE ATT&CK in the order of an attack, as tags name them. */
const TACTICS = [
  ...['reconnaissance', 'resource_development', 'initial_access', 'execution', 'persistence', 'privilege_escalation'],
  ...['defense_evasion', 'credential_access', 'discovery', 'lateral_movement', 'collection', 'command_and_control'],
  ...['exfiltration', 'impact'],
]

const tacticOf = (tag: string) =>
  TACTICS.find(tactic => tag === `mitre_${tactic}` || tag.startsWith(`mitre_${tactic}_`))

/** Which tactics the rules cover, and by which techniques. */
function Matrix({ rules }: { rules: readonly RuleSummary[] }) {
  const columns = TACTICS.map(tactic => {
    const own = rules.filter(({ loaded }) => loaded?.tags.some(tag => tacticOf(tag) === tactic))
    return { tactic, own, hits: own.reduce((sum, { hits }) => sum + hits, 0) }
  })
  return (
    <section aria-label="MITRE ATT&CK">
      <h2>MITRE ATT&amp;CK</h2>
      <ul class="matrix">
        {columns.map(({ tactic, own, hits }) => (
          <li key={tactic} class={own.length === 0 ? 'bare' : hits > 0 ? 'hit' : ''}>
            <button
              type="button"
              class="tactic-box"
              disabled={own.length === 0}
              onClick={() => go({ q: `mitre_${tactic}` })}
            >
              <span class="tactic">{tactic.replaceAll('_', ' ')}</span>
              <span class="count">
                {own.length} rule{own.length === 1 ? '' : 's'}, {grouped(hits)} hits
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function OneRule({ name }: { name: string }) {
  const { data, error } = useLoaded(() => ask<RuleDetail>(`rules/${encodeURIComponent(name)}`), name)
  const filter = checkOf('alert.rule', name)
  return (
    <aside class="detail" aria-label="Rule">
      <button type="button" class="close" aria-label="Close" onClick={() => go({ rule: '' })}>
        ×
      </button>
      <ErrorLine text={error} />
      <h2>{visible(cut(name, 200))}</h2>
      <div class="buttons">
        <button type="button" onClick={() => go({ ...START, screen: 'alerts', filter, range: 0 })}>
          {grouped(data?.hits ?? 0)} alerts
        </button>
        <button type="button" onClick={() => go({ ...START, screen: 'tune', rule: name })}>
          Tune
        </button>
      </div>
      {data && <Loaded rule={data} />}
    </aside>
  )
}

function Loaded({
  rule: { loaded, condition, conditionText, output, exceptions = [], macros = [], lists = [] },
}: {
  rule: RuleDetail
}) {
  if (!loaded) return <p class="none">It is in none of the console’s rules files.</p>
  const { description, priority, tags, place, source, enabled, checks, eventTypes } = loaded
  return (
    <>
      <p>{visible(cut(description.trim(), 1000))}</p>
      <p class="when">
        <span class={`priority p-${priority}`}>{priority}</span> {source},{' '}
        <span title={visible(place.file)}>
          {visible(place.file.replace(/^.*\//, ''))}:{place.line}
        </span>
        {!enabled && <span class="tag">off</span>}
        {tags.map(tag => (
          <span key={tag} class="tag">
            {visible(cut(tag, 60))}
          </span>
        ))}
      </p>
      {enabled && (
        <p class="hint">
          At most {checks} checks on{' '}
          {eventTypes ? `events of the types ${namesOf(eventTypes)}` : `every event of ${source}`}. Equal checks of
          several rules are made once.
        </p>
      )}
      {condition && (
        <>
          <h3>What it says after all overrides, and where it was written</h3>
          <Why condition={condition} />
        </>
      )}
      {conditionText !== undefined && (
        <>
          <h3>Condition</h3>
          <pre>{visible(cut(conditionText.trim(), 10_000)).replaceAll('\\u000a', '\n')}</pre>
        </>
      )}
      {output !== undefined && (
        <>
          <h3>Output</h3>
          <pre>{visible(cut(output.trim(), 4000))}</pre>
        </>
      )}
      {exceptions.length > 0 && (
        <>
          <h3>Exceptions</h3>
          <ul>
            {exceptions.map(({ name, fields, place }) => (
              <li key={name}>
                {visible(name)}: {fields.map(visible).join(', ')}{' '}
                <span class="hint">
                  {visible(place.file.replace(/^.*\//, ''))}:{place.line}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      {macros.length + lists.length > 0 && <p class="hint">uses {[...macros, ...lists].map(visible).join(', ')}</p>}
    </>
  )
}
