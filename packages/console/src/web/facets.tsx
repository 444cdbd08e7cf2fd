/** The most frequent values of fields, beside a list. */
import type { Facets } from '../shapes/index.ts'
import { ask, selection } from './api.ts'
import { cut, visible } from './hostile.ts'
import { useLoaded } from './load.ts'
import { go, view } from './state.ts'
import { NAMESPACE, narrowed } from './url.ts'

const REFRESH_MS = 10_000

const FACETS = ['rule', 'priority', 'host', 'namespace', 'proc.name', 'user.name', 'container.name', 'tags']
/** The fields of what the console counts by other names. */
export const FACET_FIELDS: Readonly<Record<string, string>> = {
  ...{ rule: 'alert.rule', priority: 'alert.priority', host: 'alert.hostname', namespace: NAMESPACE },
  ...{ tags: 'alert.tags', source: 'alert.source' },
}

export function FacetList({ id, columns }: { id: string; columns: readonly string[] }) {
  const fields = [...new Set([...FACETS, ...columns])].slice(0, 20).join(',')
  const load = () => ask<Facets>('facets', { ...selection(view.value), fields, limit: 6 })
  const { data } = useLoaded(load, `${id} ${fields}`, REFRESH_MS)
  const found = (data?.facets ?? []).filter(({ values }) => values.some(({ value }) => value !== null))
  return (
    <section class="facets" aria-label="Facets">
      {data && !data.complete && <p class="hint">Of the newest alerts only: there was no time for all.</p>}
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
                      <span class="count">{count.toLocaleString()}</span>
                    </button>
                  </li>
                ),
            )}
          </ol>
        </div>
      ))}
    </section>
  )
}
