/** What the page currently shows. */
import { signal } from '@preact/signals'
import { hashOf, START, type View, viewOf } from './url.ts'

export const view = signal<View>(START)

/** Shows something else; Back returns. */
export function go(change: Partial<View>): void {
  location.hash = hashOf({ ...view.value, ...change })
}

export function followAddress(): void {
  const read = () => {
    view.value = viewOf(location.hash)
  }
  addEventListener('hashchange', read)
  read()
}
