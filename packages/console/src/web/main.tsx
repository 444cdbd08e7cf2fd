/** The console's page. */

import type { ComponentType } from 'preact'
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Alerts } from './alerts.tsx'
import { locked, unlock } from './api.ts'
import { Approvals, ByLink } from './approvals.tsx'
import { ErrorLine } from './error-line.tsx'
import { Search } from './filter.tsx'
import { Health } from './health.tsx'
import { useLoaded } from './load.ts'
import { Now } from './now.tsx'
import { Rules } from './rules.tsx'
import { greet, keepAddress, methods, restoreAddress } from './session.ts'
import { Silences } from './silences.tsx'
import { followAddress, go, view } from './state.ts'
import { Tune } from './tune.tsx'
import { SCREENS, type Screen, START } from './url.ts'

const NAMES: Readonly<Record<Screen, string>> = {
  ...{ now: 'Now', alerts: 'Alerts', silences: 'Silences', tune: 'Tune', rules: 'Rules', playground: 'Playground' },
  ...{ approvals: 'Approvals', health: 'Health' },
}

/** Screens about the alerts that a search selects. */
const SEARCHED: readonly Screen[] = ['now', 'alerts']

/** Screens that few need are loaded when they are opened. */
function late(load: () => Promise<ComponentType>): ComponentType {
  return () => {
    const [Loaded, setLoaded] = useState<ComponentType | undefined>()
    const [isMissing, setMissing] = useState(false)
    useEffect(
      () =>
        void load().then(
          screen => setLoaded(() => screen),
          () => setMissing(true),
        ),
      [],
    )
    if (isMissing) return <p class="error">This part of the page did not load: load the page again.</p>
    return Loaded ? <Loaded /> : <p class="wait">…</p>
  }
}

const PAGES: Readonly<Record<Screen, ComponentType>> = {
  now: Now,
  alerts: Alerts,
  approvals: Approvals,
  silences: Silences,
  tune: Tune,
  rules: Rules,
  health: Health,
  playground: late(async () => (await import('./playground/playground.tsx')).Playground),
}

function App() {
  const { screen, link } = view.value
  // The frame is painted before the screen is made: both in one task make the page deaf for twice as long.
  const [isPainted, setPainted] = useState(false)
  useEffect(() => setPainted(true), [])
  if (link !== '') return <ByLink token={link} />
  if (locked.value) return <Login />
  const Shown = PAGES[screen]
  return (
    <>
      <header>
        <h1>Falc</h1>
        <nav aria-label="Screens">
          {SCREENS.map(name => (
            <button
              key={name}
              type="button"
              aria-current={screen === name ? 'page' : undefined}
              onClick={() =>
                go(SEARCHED.includes(name) && SEARCHED.includes(screen) ? { screen: name } : { ...START, screen: name })
              }
            >
              {NAMES[name]}
            </button>
          ))}
        </nav>
        {SEARCHED.includes(screen) && <Search />}
      </header>
      <main>{isPainted && <Shown key={screen} />}</main>
    </>
  )
}

function Login() {
  const [token, setToken] = useState('')
  const [error, setError] = useState<string | undefined>()
  const { data: ways = [] } = useLoaded(methods, '')
  const open = async () => {
    try {
      if (await unlock(token.trim())) void greet()
      else setError('This token is not known, or there were too many tries.')
    } catch (problem) {
      setError((problem as Error).message)
    }
  }
  return (
    <main class="login">
      <form
        onSubmit={event => {
          event.preventDefault()
          void open()
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
        <ErrorLine text={error} />
        {ways.includes('oidc') && (
          <a href="api/v1/oidc/login" onClick={keepAddress}>
            Sign in with the identity provider
          </a>
        )}
      </form>
    </main>
  )
}

restoreAddress()
followAddress()
void greet()
// A task of its own.
setTimeout(() => render(<App />, document.getElementById('app')!))
