/** The input of the rules (a capture, an audit log or a scene) and the progress of its run. */
import { ErrorLine } from '../error-line.tsx'
import { cut, visible } from '../hostile.ts'
import { grouped } from '../numbers.ts'
import { Choose } from './choose.tsx'
import { INPUTS } from './examples.ts'
import type { Playground as State } from './state.ts'

export function Events({ state }: { state: State }) {
  const { input, isScene, scene, running } = state
  return (
    <section aria-label="Events">
      <div class="bar-above">
        <h2>Events</h2>
        <Choose
          label="Open a capture or an audit log"
          chosen={([file]) => state.choose({ name: file!.name, data: file! })}
        />
        {running.value ? (
          <button type="button" onClick={() => state.stop()}>
            Stop
          </button>
        ) : (
          <button type="button" class="main" title="Ctrl+Enter in the editor" onClick={() => void state.run()}>
            Run
          </button>
        )}
      </div>
      <div class="inputs">
        {INPUTS.map(({ title, input: make }) => (
          <button
            type="button"
            key={title}
            aria-pressed={input.value?.name === make().name}
            onClick={() => state.choose(make())}
          >
            {title}
          </button>
        ))}
        <button type="button" aria-pressed={isScene.value} onClick={() => state.choose(undefined)}>
          A scene
        </button>
      </div>
      {isScene.value && (
        <textarea
          aria-label="Scene"
          spellcheck={false}
          rows={8}
          value={scene.value}
          onInput={event => state.write(event.currentTarget.value)}
        />
      )}
      <Bar state={state} />
    </section>
  )
}

function Bar({ state }: { state: State }) {
  const { running, progress, loaded, done, error, input } = state
  const name = input.value?.name ?? 'the scene'
  if (error.value !== undefined) return <ErrorLine text={visible(cut(error.value, 500))} />
  if (running.value) {
    const { bytes = 0, size = 0, events = 0, alerts = 0 } = progress.value ?? {}
    return (
      <p class="running">
        <progress aria-label="Progress" max={size || 1} value={bytes} /> {grouped(events)} events, {grouped(alerts)}{' '}
        alerts
      </p>
    )
  }
  if (loaded.value && !loaded.value.ok)
    return (
      <div class="error" role="alert">
        <p>The rules do not load:</p>
        <ul>
          {loaded.value.errors.slice(0, 5).map(problem => (
            <li key={`${problem.file} ${problem.line}`}>
              <button type="button" class="place" onClick={() => state.show({ ...problem, column: 1 })}>
                {problem.file}:{problem.line}
              </button>{' '}
              {problem.message}
            </li>
          ))}
        </ul>
      </div>
    )
  if (!done.value) return null
  const { events, took, problems } = done.value
  return (
    <>
      <p class="none">
        {name}: {grouped(events)} events that rules look at, {loaded.value?.rules ?? 0} rules,{' '}
        {grouped(Math.round(took))} ms
      </p>
      {problems.slice(0, 5).map(problem => (
        <p key={problem} class="error">
          {visible(cut(problem, 500))}
        </p>
      ))}
    </>
  )
}
