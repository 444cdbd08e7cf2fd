/** The console's page. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Alerts } from './alerts.tsx'
import { locked, unlock } from './api.ts'
import { Now } from './now.tsx'
import { followAddress, go, view } from './state.ts'
import { RANGES } from './url.ts'

function App() {
  if (locked.value) return <Login />
  const { screen } = view.value
  return (
    <>
      <header>
        <h1>Falc</h1>
        <nav aria-label="Screens">
          {(['now', 'alerts'] as const).map(name => (
            <button
              key={name}
              type="button"
              aria-current={screen === name ? 'page' : undefined}
              onClick={() => go({ screen: name })}
            >
              {name === 'now' ? 'Now' : 'Alerts'}
            </button>
          ))}
        </nav>
        <Search />
      </header>
      <main>{screen === 'now' ? <Now /> : <Alerts />}</main>
    </>
  )
}

function Search() {
  const { filter, q, range } = view.value
  const [draft, setDraft] = useState({ filter, q })
  useEffect(() => setDraft({ filter, q }), [filter, q])
  return (
    <search>
      <form
        onSubmit={event => {
          event.preventDefault()
          go({ ...draft, open: '' })
        }}
      >
        <input
          class="filter"
          aria-label="Condition"
          placeholder="alert.priority >= Error and proc.name = bash"
          spellcheck={false}
          autocomplete="off"
          value={draft.filter}
          onInput={event => setDraft({ ...draft, filter: event.currentTarget.value })}
        />
        <input
          class="words"
          aria-label="Words"
          placeholder="words"
          value={draft.q}
          onInput={event => setDraft({ ...draft, q: event.currentTarget.value })}
        />
        <select aria-label="Time" value={range} onChange={event => go({ range: Number(event.currentTarget.value) })}>
          {RANGES.map(([name, ms]) => (
            <option key={ms} value={ms}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit">Search</button>
        {(filter !== '' || q !== '') && (
          <button type="button" onClick={() => go({ filter: '', q: '' })}>
            Clear
          </button>
        )}
      </form>
    </search>
  )
}

function Login() {
  const [token, setToken] = useState('')
  const [isWrong, setWrong] = useState(false)
  return (
    <main class="login">
      <form
        onSubmit={async event => {
          event.preventDefault()
          setWrong(!(await unlock(token.trim())))
        }}
      >
        <h1>Falc console</h1>
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={event => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
        {isWrong && (
          <p class="error" role="alert">
            This token is not known, or there were too many tries.
          </p>
        )}
      </form>
    </main>
  )
}

followAddress()
render(<App />, document.getElementById('app')!)
