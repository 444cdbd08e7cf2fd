import { defineSource } from '@falc/engine'

/** A line of the shop's log. */
export interface Change {
  readonly at: string
  readonly user: { readonly name: string; readonly role: 'customer' | 'clerk' | 'admin' }
  readonly action: 'create' | 'read' | 'update' | 'delete'
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: number
  readonly address: string
}

export const shop = defineSource<Change>({
  name: 'shop',
  time: change => change.at,
  eventType: change => change.action,
  fields: {
    'user.name': { type: 'string', doc: 'Who did it', extract: change => change.user.name },
    'user.role': { type: 'string', doc: 'customer, clerk or admin', extract: change => change.user.role },
    'crud.action': { type: 'string', doc: 'create, read, update or delete', extract: change => change.action },
    'crud.table': { type: 'string', doc: 'Table that was changed', extract: change => change.table },
    'crud.columns': { type: 'string', list: true, doc: 'Columns that were changed', extract: change => change.columns },
    'crud.rows': { type: 'uint64', doc: 'How many rows', extract: change => change.rows },
    'client.ip': { type: 'ipaddr', doc: 'Where it came from', extract: change => change.address },
    'client.net': {
      type: 'ipnet',
      doc: 'The same address, for comparisons with networks',
      extract: change => change.address,
    },
  },
})
