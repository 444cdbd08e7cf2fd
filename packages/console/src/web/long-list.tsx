/** A long list, of which only the visible lines are in the page. */
import type { ComponentChild } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { rangeOf } from './virtual-range.ts'

interface LongListProps<T> {
  readonly items: readonly T[]
  readonly label: string
  /** A line: a keyed `li` of the class `row-line`. All have the same height. */
  readonly line: (item: T) => ComponentChild
  /** Finds an item whose line has to be in sight: the list scrolls to it when this changes, not when the item moves. */
  readonly shown?: string
  readonly keyOf?: (item: T) => string
  /** The end is in sight. */
  readonly ended?: (() => void) | undefined
}

/** Pixels of a list before it is laid out. */
const ROW = 33
const HEIGHT = 600

export function LongList<T>({ items, label, line, shown = '', keyOf, ended }: LongListProps<T>) {
  const box = useRef<HTMLDivElement>(null)
  const [{ top, height }, setPort] = useState({ top: 0, height: HEIGHT })
  const [rowHeight, setRowHeight] = useState(ROW)
  const { start, end, before, after } = rangeOf(items.length, rowHeight, top, height)
  const look = () => {
    const { current } = box
    if (current) setPort({ top: current.scrollTop, height: current.clientHeight || HEIGHT })
  }
  useLayoutEffect(() => {
    // Narrow windows have higher lines.
    const measure = () => {
      const row = box.current?.querySelector<HTMLElement>('li.row-line')
      if (row && row.offsetHeight > 0) setRowHeight(row.offsetHeight)
      look()
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [items.length === 0])
  useEffect(() => {
    if (end >= items.length) ended?.()
  }, [end, items.length, ended])
  useEffect(() => {
    const { current } = box
    const at = shown === '' || !keyOf ? -1 : items.findIndex(item => keyOf(item) === shown)
    if (at < 0 || !current) return
    const from = at * rowHeight
    if (from < current.scrollTop) current.scrollTop = from
    else if (from + rowHeight > current.scrollTop + current.clientHeight)
      current.scrollTop = from + rowHeight - current.clientHeight
  }, [shown])
  return (
    <div class="rows" ref={box} onScroll={look}>
      <ol aria-label={label}>
        {before > 0 && <li aria-hidden="true" style={{ height: `${before}px` }} />}
        {items.slice(start, end).map(line)}
        {after > 0 && <li aria-hidden="true" style={{ height: `${after}px` }} />}
      </ol>
    </div>
  )
}
