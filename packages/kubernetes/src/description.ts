/** The description of a pod, as events and captures carry it. */
import type { Stored } from './stored.ts'

export interface Named {
  readonly name: string
  readonly uid: string
  readonly labels?: Readonly<Record<string, string>>
}

/** The JSON of events about pods. Whatever is unknown is left out. */
export interface PodDescription extends Named {
  readonly ip?: string
  /** Its UID is unknown without the right to list namespaces. */
  readonly ns: Partial<Named> & { readonly name: string }
  readonly node?: Partial<Named> & { readonly name: string }
  /** The workloads that it belongs to, by their names in `KINDS`: deployment, rs, … */
  readonly owners: Readonly<Record<string, Named>>
  readonly services: readonly Named[]
}

export const named = ({ name, uid, labels }: Stored): Named => ({ name, uid, labels })

/** Whether a service sends to a pod. One without a selector is served by something else. */
export function selects({ selector }: Stored, { labels }: Stored): boolean {
  const wanted = Object.entries(selector ?? {})
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value)
}
