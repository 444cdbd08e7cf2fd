/** One alert: the sentence, its fields, what is around it, its JSON. */
import { ask, type Count, type Found } from './api.ts'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { go, view } from './state.ts'
import { checkOf, narrowed, quoted } from './url.ts'

const MAX_VALUE = 4000

export function Detail({ id }: { id: string }) {
  const { data, error } = useLoaded(() => ask<Found>(`alerts/${id}`), id)
  return (
    <aside class="detail" aria-label="Alert">
      <button type="button" class="close" aria-label="Close" onClick={() => go({ open: '' })}>
        ×
      </button>
      {error !== undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {data && <Contents {...data} />}
    </aside>
  )
}

function Contents({ alert }: Found) {
  const facts: [string, string][] = [
    ['alert.rule', alert.rule],
    ['alert.priority', alert.priority],
    ['alert.source', alert.source],
    ...(alert.hostname === undefined ? [] : [['alert.hostname', alert.hostname] as [string, string]]),
    ...Object.entries(alert.output_fields).flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, Array.isArray(value) ? `(${value.join(',')})` : String(value)]],
    ),
  ]
  const container = alert.output_fields['container.id']
  return (
    <>
      <h2>
        <span class={`priority p-${alert.priority}`}>{alert.priority}</span> {visible(cut(alert.rule, 200))}
      </h2>
      <p class="when">
        <time dateTime={alert.time}>{alert.time}</time>
        {alert.tags.map(tag => (
          <span key={tag} class="tag">
            {visible(cut(tag, 60))}
          </span>
        ))}
      </p>
      <p class="sentence">{visible(cut(alert.message ?? alert.output, MAX_VALUE))}</p>
      <h3>Fields</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{visible(cut(name, 80))}</dt>
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
      <Around title="The same rule, by host" filter={checkOf('alert.rule', alert.rule)} by="host" />
      {typeof container === 'string' && (
        <Around title="The same container, by rule" filter={checkOf('container.id', container)} by="rule" />
      )}
      <h3>JSON</h3>
      <pre>{visible(cut(JSON.stringify(alert, null, 2), 20_000)).replaceAll('\\u000a', '\n')}</pre>
    </>
  )
}

const OWN = ['alert.rule', 'alert.priority', 'alert.source', 'alert.hostname']

/** Names that the console may not know are written as text of the alert. */
function fieldName(name: string): string {
  if (OWN.includes(name)) return name
  return /^[\w.]+$/.test(name) ? `alert.field[${name}]` : `alert.field[${quoted(name)}]`
}

function Around({ title, filter, by }: { title: string; filter: string; by: string }) {
  const { data } = useLoaded(() => ask<{ counts: Count[] }>('top', { filter, by, limit: 5 }), filter)
  return (
    <>
      <h3>{title}</h3>
      <ul class="around">
        {(data?.counts ?? []).map(({ value, count }) => (
          <li key={value}>
            <span>{visible(cut(value ?? '(none)', 100))}</span> <span class="count">{count.toLocaleString()}</span>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => go({ screen: 'alerts', filter, q: '', open: view.value.open })}>
        Show them
      </button>
    </>
  )
}
