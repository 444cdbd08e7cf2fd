/** Requests to the console, and its stream of alerts. */
import { signal } from '@preact/signals'
import type { Found } from '../shapes/index.ts'
import type { View } from './url.ts'

export type { AlertJson, Bar, Count, Found } from '../shapes/index.ts'

/** The console wants a token. */
export const locked = signal(false)

/** @param gone the answer is no longer awaited: the console stops, too @throws {Error} with the console's sentence */
export async function ask<T>(
  path: string,
  given: Readonly<Record<string, string | number | undefined>> = {},
  gone?: AbortSignal,
): Promise<T> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && value !== '') query.set(name, String(value))
  return answerIn<T>(await fetch(`api/v1/${path}?${query}`, { signal: gone ?? null }))
}

async function answerIn<T>(response: Response): Promise<T> {
  if (response.status === 401) locked.value = true
  const json = await response.json().catch(error => {
    if (response.ok) throw error
    // A proxy's page about an error.
    return {}
  })
  if (!response.ok) throw new Error(json.error?.message ?? `status ${response.status}`)
  return json
}

/** Exchanges a token for a session. @returns whether it is one @throws {Error} when the console does not say */
export async function unlock(token: string): Promise<boolean> {
  const response = await fetch('api/v1/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  if (response.status === 401 || response.status === 429) return false
  await answerIn(response)
  locked.value = false
  return true
}

/** Asks for a change. @throws {Error} with the console's sentence */
export async function tell<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  return answerIn<T>(await fetch(`api/v1/${path}`, { method, ...init }))
}

/** The time that a view is about, in milliseconds since 1970. Whole minutes, which the console has counted already. */
export function spanOf({ range, from, to }: View, now = Date.now()): { since?: number; until?: number } {
  if (to > 0) return { since: from, until: to }
  return range === 0 ? {} : { since: Math.floor((now - range) / 60_000) * 60_000 }
}

const isoOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString())

/** The parameters that select what a view is about. */
export function selection(view: View, now = Date.now()): Record<string, string | undefined> {
  const { filter, q, state, assignee, silenced } = view
  const { since, until } = spanOf(view, now)
  return { filter, q, state, assignee, silenced, since: isoOf(since), until: isoOf(until) }
}

/** Milliseconds after which a stream that the console refused is asked for again. */
const AGAIN_MS = 3000

/**
 * Alerts as they arrive, whenever they happened. A stream that ends is continued after the alert that was seen last.
 * @param after the number of the last alert that is known
 * @param skipped called when the browser was too far behind, so that the console left some out
 * @returns what ends it
 */
export function listen(
  { filter, q, state, assignee, silenced }: View,
  after: number,
  arrived: (found: Found) => void,
  skipped: () => void,
): () => void {
  let last = after
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  const open = () => {
    const query = new URLSearchParams({ after: String(last) })
    for (const [name, value] of Object.entries({ filter, q, state, assignee, silenced }))
      if (value !== '') query.set(name, value)
    source = new EventSource(`api/v1/stream?${query}`)
    source.addEventListener('alert', event => {
      const found: Found = JSON.parse(event.data)
      last = found.seq
      arrived(found)
    })
    source.addEventListener('gap', skipped)
    // A browser reconnects when a stream ends, but gives up when the answer is no stream: the console is busy, or starts again.
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return
      timer = setTimeout(open, AGAIN_MS)
      // A stream does not say why it was refused: the session may have ended.
      void ask('session').catch(() => {})
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}
