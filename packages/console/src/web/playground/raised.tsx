/** An alert of a run, with its explanation. */
import { useEffect } from 'preact/hooks'
import type { AlertJson } from '../../shapes/index.ts'
import { cut, visible } from '../hostile.ts'
import { sentenceOf } from '../rows.tsx'
import { go } from '../state.ts'
import { Why } from '../why.tsx'
import type { Playground } from './state.ts'

export function Raised({ alert, number, state }: { alert: AlertJson; number: number; state: Playground }) {
  const { why, done } = state
  useEffect(() => {
    void state.explain(number)
    return () => void state.explain(undefined)
  }, [number, done.value])
  return (
    <article class="raised" aria-label="Alert">
      <button type="button" class="close" aria-label="Close" onClick={() => go({ open: '' })}>
        ×
      </button>
      <h3>
        <span class={`priority p-${alert.priority}`}>{alert.priority}</span> {visible(cut(alert.rule, 200))}
      </h3>
      <p class="sentence">{visible(cut(sentenceOf(alert), 4000))}</p>
      <h3>Why it fired</h3>
      {why.value ? <Why condition={why.value} show={place => state.show(place)} /> : <p class="wait">…</p>}
    </article>
  )
}
