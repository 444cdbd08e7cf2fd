/** Removes secrets from a configuration before others see it. The tables of keys and of output options mark what may be secret. */
import querystring from 'node:querystring'
import { type OutputSettings, secretsIn, transportOf } from '@falc/outputs'
import type { Config } from '../config/config.ts'
import { FALCO_YAML } from '../config/keys/falco-yaml.ts'
import { keysOf } from '../config/section.ts'

/** In place of what may be secret. */
const MASK = '***'

/** Keys that differ from the default, by dotted path. Of maps, and of lists of maps, only keys, numbers and booleans are shown. */
export function maskedConfig(config: Config): Record<string, unknown> {
  const set = keysOf(FALCO_YAML).flatMap(({ path, key }): [string, unknown][] => {
    const value = path.split('.').reduce<any>((around, name) => around?.[name], config)
    if (path === 'plugins' || JSON.stringify(value) === JSON.stringify(key.default)) return []
    if (path === 'outputs') return [[path, config.outputs.map(maskedOutput)]]
    return [[path, key.secret ? MASK : plain(value)]]
  })
  return { ...Object.fromEntries(set), plugins: config.plugins.used.map(({ name }) => name) }
}

/** The texts in a configuration that nothing else may show: in messages of a log, for example. */
export function secretsOf(config: Config): string[] {
  const flagged = keysOf(FALCO_YAML)
    .filter(({ key }) => key.secret)
    .map(({ path }) => path.split('.').reduce<any>((around, name) => around?.[name], config))
  const params = config.plugins.used.map(({ openParams }) => openParams)
  const texts = [...flagged, ...params].filter(value => typeof value === 'string')
  return [...texts.flatMap(partsOf), ...config.outputs.flatMap(output => secretsIn(output))]
}

/** For a secret address, also the parts of it that a message may contain. */
function partsOf(text: string): string[] {
  if (!URL.canParse(text)) return [text]
  const { username, password, search, pathname } = new URL(text)
  return [text, username, password, querystring.unescape(password), search.slice(1), pathname.slice(1)]
}

function maskedOutput({ options, ...common }: OutputSettings): Record<string, unknown> {
  const table = transportOf(common.type)?.options ?? {}
  const shown = Object.entries(options).map(([name, value]): [string, unknown] => {
    const option = table[name]
    const secret = option === undefined || option.kind === 'secret' || option.secret === true
    return [name, secret && value !== undefined ? MASK : plain(value)]
  })
  return { ...common, ...Object.fromEntries(shown) }
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return withoutPath(value)
  if (Array.isArray(value)) return value.map(item => (typeof item === 'string' ? withoutPath(item) : bare(item)))
  return bare(value)
}

/** Texts in maps are free text. */
function bare(value: unknown): unknown {
  if (typeof value === 'string') return MASK
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bare(one)]))
}

/** An address's user, path and query may hold credentials. */
function withoutPath(text: string): string {
  if (!/^[\w+.-]+:\/\//.test(text)) return text
  if (!URL.canParse(text)) return MASK
  const { protocol, host } = new URL(text)
  return `${protocol}//${host}${text === `${protocol}//${host}` ? '' : `/${MASK}`}`
}
