import { defineSource } from '../../src/fields/field.ts'

export interface Request {
  readonly user?: string
  readonly action: string
  readonly rows?: number
}

/** A small source without event types. */
export const shop = defineSource<Request>({
  name: 'shop',
  time: () => 1_700_000_000_000_000_000n,
  eventType: event => event.action,
  fields: {
    'shop.user': { type: 'string', doc: 'who', extract: event => event.user },
    'shop.action': { type: 'string', doc: 'what', extract: event => event.action },
    'shop.rows': { type: 'uint32', doc: 'how many', extract: event => event.rows },
    'shop.fails': {
      ...{ type: 'string', doc: 'throws' },
      extract: () => {
        throw new Error('broken')
      },
    },
  },
})

export const RULES = `
- list: admins
  items: [root, ada]
- macro: mass
  condition: shop.rows > 100
- rule: Mass delete
  desc: Many rows at once
  condition: shop.action = delete and mass and not shop.user in (admins)
  output: "%shop.user deleted %shop.rows rows"
  priority: WARNING
  source: shop
  tags: [data]
  exceptions:
    - name: nightly
      fields: [shop.user]
      comps: [=]
      values: [[cleaner]]
- rule: Any delete
  desc: Rows go
  condition: shop.action = delete
  output: "%shop.user deletes"
  priority: NOTICE
  source: shop
- rule: Off
  desc: Disabled
  condition: shop.action = read
  output: never
  priority: INFO
  source: shop
  enabled: false
`
