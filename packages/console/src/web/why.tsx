/** Why a rule fired or did not: its condition as a tree, each clause with its value and position. */
import { useState } from 'preact/hooks'
import type { Clause, Place, WhyClause } from '../shapes/index.ts'
import { cut, visible } from './hostile.ts'

const MAX_VALUE = 300
/** Clauses of a list that say the same and are more than this are folded. */
const MANY = 3

export interface WhyProps {
  readonly condition: WhyClause | Clause
  /** Shows a place of a rules file. */
  readonly show?: ((place: Place) => void) | undefined
  /** How to read it. */
  readonly note?: string | undefined
}

export function Why({ condition, show, note }: WhyProps) {
  return (
    <>
      {note !== undefined && <p class="hint">{note}</p>}
      <ul class="why">
        <Node clause={condition} show={show} />
      </ul>
    </>
  )
}

const truthOf = (clause: WhyClause | Clause): boolean | null | undefined =>
  'truth' in clause ? clause.truth : undefined
const SIGNS = new Map<boolean | null | undefined, readonly [sign: string, name: string]>([
  [true, ['✓', 'holds']],
  [false, ['✗', 'does not hold']],
  [null, ['?', 'is not known']],
])

function Node({ clause, show }: { clause: WhyClause | Clause; show: WhyProps['show'] }) {
  const truth = truthOf(clause)
  const [sign, name] = SIGNS.get(truth) ?? ['·', '']
  const { kind, text, macro, place, exception, children = [] } = clause
  const value = 'value' in clause ? clause.value : undefined
  const by = 'by' in clause ? clause.by : undefined
  return (
    <li class={`clause t-${truth ?? 'none'}${by === 'deduced' ? ' deduced' : ''}`}>
      <span
        class="sign"
        title={by === 'deduced' ? `${name}: nothing else explains the alert` : name}
        aria-label={name}
        role="img"
      >
        {sign}
      </span>{' '}
      <code>{kind === 'check' ? visible(cut(text ?? '', MAX_VALUE)) : WORDS[kind]}</code>
      {value !== undefined && (
        <>
          {' '}
          <span class="is">is</span> <code class="value-now">{visible(cut(value, MAX_VALUE))}</code>
        </>
      )}
      {macro !== undefined && <span class="tag">macro {visible(macro)}</span>}
      {exception !== undefined && <span class="tag">exception {visible(exception)}</span>}
      {place && <PlaceOf place={place} show={show} />}
      {children.length > 0 && <Children of={clause} all={children} show={show} />}
    </li>
  )
}

const WORDS = { and: 'all of', or: 'any of', not: 'not', check: '' }

function PlaceOf({ place, show }: { place: Place; show: WhyProps['show'] }) {
  const text = `${visible(place.file.replace(/^.*\//, ''))}:${place.line}`
  return show ? (
    <button type="button" class="place" onClick={() => show(place)}>
      {text}
    </button>
  ) : (
    <span class="place">{text}</span>
  )
}

/** Parts that do not decide are folded: in a list of alternatives, those that do not hold. */
function Children(props: { of: WhyClause | Clause; all: readonly (WhyClause | Clause)[]; show: WhyProps['show'] }) {
  const { of, all, show } = props
  const [isOpen, setOpen] = useState(false)
  const truth = truthOf(of)
  const aside = all.filter(one => truth !== undefined && of.kind !== 'not' && truthOf(one) !== truth)
  const folded = !isOpen && aside.length > MANY && aside.length < all.length ? new Set(aside) : new Set()
  return (
    <ul>
      {all
        .filter(one => !folded.has(one))
        .map((one, i) => (
          <Node key={i} clause={one} show={show} />
        ))}
      {folded.size > 0 && (
        <li>
          <button type="button" class="fold" onClick={() => setOpen(true)}>
            {folded.size} more that {truth ? 'do not hold' : 'hold'}
          </button>
        </li>
      )}
    </ul>
  )
}
