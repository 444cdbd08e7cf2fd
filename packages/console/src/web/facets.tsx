/** The most frequent values of fields, beside a list. */
import type { Facets } from '../shapes/index.ts'
import { ask, selection } from './api.ts'
import { ErrorLine } from './error-line.tsx'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { grouped } from './numbers.ts'
import { partly } from './partly.ts'
import { go, view } from './state.ts'
import { NAMESPACE, narrowed } from './url.ts'

const REFRESH_MS = 10_000

/** What the console has counted already, and what it may have to count. */
const COUNTED = ['rule', 'priority', 'host', 'namespace']
const OTHERS = ['proc.name', 'user.name', 'container.name', 'tags']

/** The fields of what the console counts by other names. */
export const FACET_FIELDS: Readonly<Record<string, string>> = {
  ...{ rule: 'alert.rule', priority: 'alert.priority', host: 'alert.hostname', namespace: NAMESPACE },
  ...{ tags: 'alert.tags', source: 'alert.source' },
}

export function FacetList({ id, columns }: { id: string; columns: readonly string[] }) {
  const load = (fields: readonly string[], gone: AbortSignal) =>
    ask<Facets>('facets', { ...selection(view.value), fields: fields.join(','), limit: 6 }, gone)
  const first = useLoaded(gone => load(COUNTED, gone), id, REFRESH_MS)
  const others = [...new Set([...OTHERS, ...columns])].filter(name => !COUNTED.includes(name)).slice(0, 20)
  // Of very many alerts, others take long: they wait until what people look at first is there.
  const isNext = first.data !== undefined
  const second = useLoaded(
    async gone => (isNext ? load(others, gone) : undefined),
    `${id} ${others} ${isNext}`,
    3 * REFRESH_MS,
  )
  return (
    <section class="facets" aria-label="Facets">
      <ErrorLine text={first.error ?? second.error} />
      {first.data && <Fields facets={first.data} />}
      {second.data && <Fields facets={second.data} />}
    </section>
  )
}

function Fields({ facets }: { facets: Facets }) {
  const part = partly(facets)
  const found = facets.facets.filter(({ values }) => values.some(({ value }) => value !== null))
  return (
    <>
      {part && <p class="hint">{part}</p>}
      {found.length === 0 && <p class="hint">No values.</p>}
      {found.map(({ field, values }) => (
        <div key={field}>
          <h2>{visible(cut(field, 60))}</h2>
          <ol class="top">
            {values.map(
              ({ value, count }) =>
                value !== null && (
                  <li key={value}>
                    <button
                      type="button"
                      onClick={() =>
                        go({
                          open: '',
                          filter: narrowed(view.value.filter, FACET_FIELDS[field] ?? field, value, field === 'tags'),
                        })
                      }
                    >
                      <span class="value">{visible(cut(value, 80))}</span>
                      <span class="count">{grouped(count)}</span>
                    </button>
                  </li>
                ),
            )}
          </ol>
        </div>
      ))}
    </>
  )
}
