/** Settings of a transport in which every secret is the same text, so that tests can search for it. */
import type { Option, OptionTable } from '../../src/index.ts'

/** A text that is also valid Base64, as some keys have to be. */
export const CANARY = 'Q2FuYXJ5U2VjcmV0VmFsdWU0MjQy'

const isSecret = ({ kind, secret }: Option) => kind === 'secret' || secret === true

export const secretNames = (table: OptionTable): string[] => Object.keys(table).filter(name => isSecret(table[name]!))

/** All secrets and other required options. URLs lead to a port on which nothing listens. */
export function filled(table: OptionTable): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, option]): [string, unknown][] => {
      if (option.kind === 'url') return [[name, urlOf(option)]]
      if (isSecret(option)) return [[name, option.kind === 'map' ? { 'X-Secret': CANARY } : CANARY]]
      return option.required ? [[name, requiredOf(option)]] : []
    }),
  )
}

function urlOf({ secret, example }: Option): string {
  const scheme = /^\w+:/.exec(String(example ?? 'http:'))![0]
  if (scheme === 'unix:') return 'unix:/nonexistent'
  return `${scheme}//user:${CANARY}@127.0.0.1:9${secret ? `/${CANARY}?token=${CANARY}` : ''}`
}

function requiredOf({ kind, example, choices }: Option): unknown {
  if (kind === 'list') return ['127.0.0.1:9']
  return example ?? choices?.[0] ?? 'x'
}
