/** The user of the page, and their rights. */
import { signal } from '@preact/signals'
import type { Session } from '../shapes/index.ts'
import { ask } from './api.ts'

const session = signal<Session | undefined>(undefined)

/** How to sign in, asked by who has yet to. */
export async function methods(): Promise<Session['methods']> {
  const response = await fetch('api/v1/session')
  return ((await response.json()) as Partial<Session>).methods ?? []
}

/** Where the address is kept while the user is at the identity provider's pages, which forget it. */
const KEPT = 'falc-address'

export const keepAddress = () => sessionStorage.setItem(KEPT, location.hash)

export function restoreAddress(): void {
  const kept = sessionStorage.getItem(KEPT)
  sessionStorage.removeItem(KEPT)
  if (kept && location.hash === '') location.replace(kept)
}

export async function greet(): Promise<void> {
  session.value = await ask<Session>('session').catch(() => undefined)
}

/** Whether to offer it: the console decides. */
export function may(scope: string): boolean {
  return session.value === undefined || session.value.scopes.includes(scope)
}
