/** The playground alone: a page that needs no server. */
import { render } from 'preact'
import { followAddress } from '../state.ts'
import { Playground } from './playground.tsx'

function Page() {
  return (
    <>
      <header>
        <h1>Falc playground</h1>
        <span class="hint">Everything runs in this page: rules and events stay on this machine.</span>
      </header>
      <main>
        <Playground />
      </main>
    </>
  )
}

followAddress()
render(<Page />, document.getElementById('app')!)
