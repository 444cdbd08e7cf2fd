/** The search: a condition of the rule language, with completion and errors as in an editor, and words. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Offers } from './playground/messages.ts'
import { Thread } from './playground/thread.ts'
import { go, view } from './state.ts'
import { clock, day, moment } from './time.ts'
import { RANGES, START } from './url.ts'

/** The thread that knows the language: started when a condition is written for the first time. */
let language: Thread | undefined
const asked = () => (language ??= new Thread())

const MAX_OFFERS = 12

type Item = Offers['items'][number]

interface Shown {
  readonly items: readonly Item[]
  readonly from: number
  readonly to: number
}

/** Offers that fit what is typed: those that begin with it come first. */
export function fitting({ items, range }: Pick<Offers, 'items' | 'range'>, text: string): Shown | undefined {
  const typed = text.slice(range.from, range.to).toLowerCase()
  const score = ({ label }: Item) => (label.toLowerCase().startsWith(typed) ? 0 : 1)
  const found = items
    .filter(({ label }) => label.toLowerCase().includes(typed) && label !== typed)
    .sort((a, b) => score(a) - score(b))
    .slice(0, MAX_OFFERS)
  return found.length === 0 ? undefined : { items: found, ...range }
}

/** Offers for a text that has changed since they came: the answer about it takes a moment, and Tab may be pressed before. */
export function refitted({ items, from, to }: Shown, before: string, text: string): Shown | undefined {
  const end = to + text.length - before.length
  const isWord = end >= from && text.slice(0, from) === before.slice(0, from) && text.slice(end) === before.slice(to)
  return isWord ? fitting({ items, range: { from, to: end } }, text) : undefined
}

interface ConditionProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly change: (text: string) => void
}

export function Condition({ label, value, placeholder, change }: ConditionProps) {
  const input = useRef<HTMLInputElement>(null)
  const [offers, setOffers] = useState<Shown | undefined>()
  const [error, setError] = useState<string | undefined>()
  const [at, setAt] = useState(-1)
  const latest = useRef('')
  /** A completion that was taken and is not in the input yet. */
  const taken = useRef<{ readonly text: string; readonly cursor: number } | undefined>(undefined)

  const ask = async (text: string, offset: number) => {
    latest.current = text
    const [found, wrong] = await Promise.all([
      asked().call('completeFilter', text, offset),
      asked().call('checkFilter', text),
    ]).catch(() => [undefined, undefined])
    // Only what is there now counts.
    if (latest.current !== text || input.current !== document.activeElement) return
    setOffers(found && fitting(found, text))
    setAt(-1)
    setError(
      wrong && offset < text.trimEnd().length + 1 && wrong.from < text.trimEnd().length ? wrong.message : undefined,
    )
  }
  const take = ({ label: word, insert, snippet }: Item) => {
    const { current } = input
    if (!offers || !current) return
    const text = insert ?? `${word} `
    const cursor = snippet ? text.indexOf('$0') : text.length
    const next = value.slice(0, offers.from) + text.replace('$0', '') + value.slice(offers.to)
    change(next)
    setOffers(undefined)
    // Answers about the text before it come too late.
    latest.current = next
    taken.current = { text: next, cursor: offers.from + cursor }
  }
  // As soon as the text is there: more keys may already be on their way.
  useLayoutEffect(() => {
    const { current } = taken
    if (current?.text !== value) return
    taken.current = undefined
    input.current?.setSelectionRange(current.cursor, current.cursor)
    void ask(value, current.cursor)
  })
  const press = (event: KeyboardEvent) => {
    if (!offers) return
    const { length } = offers.items
    const isTab = event.key === 'Tab' && !event.shiftKey
    if (event.key === 'ArrowDown') setAt((at + 1) % length)
    else if (event.key === 'ArrowUp') setAt(at <= 0 ? length - 1 : at - 1)
    else if (event.key === 'Escape') setOffers(undefined)
    else if (at >= 0 && (event.key === 'Enter' || isTab)) take(offers.items[at]!)
    // Tab completes a word that has been begun. With nothing to complete it leaves, as everywhere.
    else if (isTab && offers.from < offers.to) take(offers.items[0]!)
    else {
      if (event.key === 'Enter') setOffers(undefined)
      return
    }
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div class="condition">
      <input
        ref={input}
        class="filter"
        role="combobox"
        aria-label={label}
        aria-expanded={offers !== undefined}
        aria-controls="offers"
        aria-autocomplete="list"
        aria-activedescendant={offers && at >= 0 ? `offer-${at}` : undefined}
        aria-invalid={error !== undefined}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={event => {
          const { value: text, selectionStart } = event.currentTarget
          taken.current = undefined
          change(text)
          setOffers(offers && refitted(offers, value, text))
          setAt(-1)
          void ask(text, selectionStart ?? text.length)
        }}
        onFocus={event => void ask(event.currentTarget.value, event.currentTarget.selectionStart ?? 0)}
        onBlur={() => setOffers(undefined)}
        onKeyDown={press}
      />
      {offers && (
        <div id="offers" class="offers" role="listbox" aria-label="Completions">
          {offers.items.map((item, i) => (
            <div
              key={item.label}
              id={`offer-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              class={i === at ? 'offer on' : 'offer'}
              onMouseDown={event => {
                event.preventDefault()
                take(item)
              }}
            >
              <code>{item.label}</code> <span class="hint">{(item.detail ?? item.kind).slice(0, 60)}</span>
            </div>
          ))}
        </div>
      )}
      {error !== undefined && (
        <p class="error wrong" role="status">
          {error}
        </p>
      )}
    </div>
  )
}

export function Search() {
  const { filter, q, range, from, to } = view.value
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
        <Condition
          label="Condition"
          placeholder="alert.priority >= Error and proc.name = bash"
          value={draft.filter}
          change={text => setDraft({ ...draft, filter: text })}
        />
        <input
          class="words"
          aria-label="Words"
          placeholder="words"
          value={draft.q}
          onInput={event => setDraft({ ...draft, q: event.currentTarget.value })}
        />
        {to > 0 ? (
          <button type="button" title="Another time" onClick={() => go({ from: 0, to: 0 })}>
            {spanText(from, to)} ×
          </button>
        ) : (
          <select aria-label="Time" value={range} onChange={event => go({ range: Number(event.currentTarget.value) })}>
            {RANGES.map(([name, ms]) => (
              <option key={ms} value={ms}>
                {name}
              </option>
            ))}
          </select>
        )}
        <button type="submit">Search</button>
        {(filter !== '' || q !== '') && (
          <button type="button" onClick={() => go({ filter: START.filter, q: START.q })}>
            Clear
          </button>
        )}
      </form>
    </search>
  )
}

/** A span of time, with the date once if it is one day's. */
export function spanText(from: number, to: number): string {
  const [a, b] = [new Date(from), new Date(to)]
  return `${moment(from)} – ${day(a) === day(b) ? clock(b) : moment(to)}`
}
