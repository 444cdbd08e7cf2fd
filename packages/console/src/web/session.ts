/** Who looks at the page, and what they may do. */
import { signal } from '@preact/signals'
import type { Session } from '../shapes/index.ts'
import { ask } from './api.ts'

const session = signal<Session | undefined>(undefined)

export async function greet(): Promise<void> {
  session.value = await ask<Session>('session').catch(() => undefined)
}

/** Whether to offer it: the console decides. */
export function may(scope: string): boolean {
  return session.value === undefined || session.value.scopes.includes(scope)
}
