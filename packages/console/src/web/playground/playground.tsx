/** The playground: rules, events and the resulting alerts, all in the page. */
import { useEffect, useMemo } from 'preact/hooks'
import { cut, visible } from '../hostile.ts'
import { grouped } from '../numbers.ts'
import { AlertRows } from '../rows.tsx'
import { go, view } from '../state.ts'
import { Choose } from './choose.tsx'
import { Editing } from './editing.tsx'
import { Events } from './events.tsx'
import { Raised } from './raised.tsx'
import { createPlayground, type Playground as State } from './state.ts'
import { Tests } from './tested.tsx'

export function Playground() {
  const state = useMemo(() => createPlayground(), [])
  useEffect(() => {
    void state.run()
    const over = (event: DragEvent) => event.preventDefault()
    const drop = (event: DragEvent) => {
      event.preventDefault()
      take(state, [...(event.dataTransfer?.files ?? [])])
    }
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
      state.close()
    }
  }, [])
  return (
    <div class="playground">
      <Rules state={state} />
      <div class="column">
        <Events state={state} />
        <Tests results={state.tested.value} />
        <Alerts state={state} />
      </div>
    </div>
  )
}

/** Rules by their names, anything else is events. */
function take(state: State, files: readonly File[]): void {
  const rules = files.filter(({ name }) => /\.ya?ml$/i.test(name))
  const input = files.find(file => !rules.includes(file))
  if (rules.length > 0) void state.add(rules)
  if (input) state.choose({ name: input.name, data: input })
}

function Rules({ state }: { state: State }) {
  const { files, current, content, findings, colors, target, author } = state
  const found = findings.value.get(current.value) ?? []
  return (
    <section class="rules-editor" aria-label="Rules">
      <div class="bar-above">
        <h2>Rules</h2>
        <Choose label="Open files" accept=".yaml,.yml" multiple chosen={files => void state.add(files)} />
        <button type="button" onClick={() => state.create()}>
          New file
        </button>
        <button type="button" onClick={() => state.create(true)}>
          New tests
        </button>
        <button
          type="button"
          onClick={() => {
            save(current.value, content.value)
            void state.run()
          }}
        >
          Save
        </button>
      </div>
      <ul class="files" aria-label="Files, in the order of loading">
        {files.value.map(({ name }) => (
          <li key={name} class={name === current.value ? 'on' : ''}>
            <button
              type="button"
              class="file"
              aria-current={name === current.value ? 'true' : undefined}
              onClick={() => state.select(name)}
            >
              {name}
              <Marks findings={findings.value.get(name) ?? []} />
            </button>
            {files.value.length > 1 && (
              <button
                type="button"
                class="file remove"
                aria-label={`Remove ${name}`}
                onClick={() => state.remove(name)}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      <Editing
        label={`Rules in ${current.value}`}
        name={`${state.revision.value} ${current.value}`}
        text={content.value}
        findings={found}
        colors={colors.value}
        target={target.value}
        author={author}
        changed={state.edit}
        run={() => void state.run()}
      />
      <ol class="findings" aria-label="Findings">
        {found.slice(0, 100).map(({ code, severity, message, place }) => (
          <li key={`${code} ${place.offset}`}>
            <button type="button" class="finding" onClick={() => state.show(place)}>
              <span class={`mark ${severity}`}>{severity}</span> <span class="place">{place.line}</span> {message}{' '}
              <span class="code">{code}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/yaml' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

function Marks({ findings }: { findings: readonly { readonly severity: string }[] }) {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  return (
    <>
      {errors > 0 && (
        <span class="mark error" title={`${errors} errors`}>
          {' '}
          {errors}
        </span>
      )}
      {warnings > 0 && (
        <span class="mark warning" title={`${warnings} warnings`}>
          {' '}
          {warnings}
        </span>
      )}
    </>
  )
}

function Alerts({ state }: { state: State }) {
  const { alerts, done, running } = state
  const open = view.value.open
  const number = alerts.value.findIndex(({ id }) => id === open)
  const counts = Object.entries(done.value?.counts ?? {}).sort(([, a], [, b]) => b - a)
  // While it runs, the last result is another run's.
  const total = (running.value ? undefined : done.value?.alerts) ?? alerts.value.length
  return (
    <section aria-label="Alerts">
      <h2>
        {grouped(total)} alert{total === 1 ? '' : 's'}
      </h2>
      {total > alerts.value.length && <p class="none">The first {grouped(alerts.value.length)} are shown.</p>}
      {number >= 0 && <Raised alert={alerts.value[number]!} number={number} state={state} />}
      {counts.length > 1 && <RuleCounts counts={counts} />}
      <AlertRows
        rows={alerts.value.map((alert, seq) => ({ seq, alert }))}
        open={open}
        choose={id => go({ open: id })}
        label="Alerts of this run"
      />
      {done.value && total === 0 && <p class="none">No rule fired.</p>}
    </section>
  )
}

const MAX_CHIPS = 10

function RuleCounts({ counts }: { counts: readonly (readonly [string, number])[] }) {
  return (
    <ul class="chips" aria-label="Alerts by rule">
      {counts.slice(0, MAX_CHIPS).map(([rule, count]) => (
        <li key={rule} class="chip">
          {visible(cut(rule, 80))} <span class="count">×{grouped(count)}</span>
        </li>
      ))}
      {counts.length > MAX_CHIPS && <li class="hint">and {counts.length - MAX_CHIPS} other rules</li>}
    </ul>
  )
}
