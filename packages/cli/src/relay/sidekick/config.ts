import { nearest, SourceText } from '@falc/engine'
import { ConfigError, type ConfigPlace, where } from '../../config/error.ts'
import { type Env, expand } from '../../config/expand.ts'
import { parseTree } from '../../config/parse-tree.ts'
import { type ConfigNode, isNull, texts } from '../../config/tree.ts'
import { readFile } from '../../read-file.ts'
import { pairs, type SidekickValue } from './key.ts'
import { SIDEKICK_OUTPUTS } from './table.ts'
import { GLOBAL_KEYS, UNSUPPORTED } from './unsupported.ts'

/** Keys whose value is a map. */
const MAPS =
  /(?:^|\.)(?:customfields|templatedfields|customheaders|extensions|customattributes|extralabels|extraannotations|customseveritymap|extraenvvars)$/

/** falcosidekick's configuration: full keys in lower case, from a file and from the environment. */
export class SidekickConfig {
  readonly #values = new Map<string, SidekickValue>()
  readonly #places = new Map<string, string>()
  /** falc's own key `outputs`, as in falco.yaml. */
  readonly outputs: readonly unknown[]
  readonly warnings: string[] = []

  /**
   * @param path of falcosidekick's YAML; undefined: the environment alone
   * @throws {ConfigError} when it cannot be read, or is not YAML
   */
  constructor(path: string | undefined, env: Env) {
    const root = path === undefined ? undefined : parseTree(new SourceText(path, textOf(path)))
    let outputs: unknown = []
    if (root?.kind === 'map') {
      for (const [name, { key, value }] of root.entries) {
        if (name.toLowerCase() === 'outputs')
          outputs = isNull(value) ? [] : texts(value, ({ text }) => expand(text, env))
        else this.#read(name.toLowerCase(), value, key)
      }
    } else if (root && !(root.kind === 'scalar' && root.text === ''))
      throw new ConfigError('a configuration file must be a map of keys', root.place)
    if (!Array.isArray(outputs)) throw new ConfigError(`${path}: outputs must be a list`)
    this.outputs = outputs
    for (const key of KNOWN) {
      const value = env[key.toUpperCase().replaceAll('.', '_')]
      if (value === undefined || value === '') continue
      this.#values.set(key, MAPS.test(key) ? { ...this.map(key), ...pairs(value) } : value)
      this.#places.set(key, `the environment variable ${key.toUpperCase().replaceAll('.', '_')}`)
    }
    for (const key of ['customfields', 'templatedfields']) this.#expand(key, env)
  }

  /** Empty when it is not set. */
  text(key: string): string {
    const value = this.#values.get(key)
    return typeof value === 'string' ? value : ''
  }

  map(key: string): Readonly<Record<string, string>> {
    const value = this.#values.get(key)
    return typeof value === 'object' ? value : typeof value === 'string' && value !== '' ? pairs(value) : {}
  }

  /** As in falcosidekick, an empty value counts as unset. */
  get(key: string): SidekickValue | undefined {
    const value = this.#values.get(key)
    return value === '' || (typeof value === 'object' && Object.keys(value).length === 0) ? undefined : value
  }

  /** `file:line:column`, or the variable that it comes from. */
  whereIs(key: string): string {
    return this.#places.get(key) ?? key
  }

  isOn(section: string, main: readonly string[]): boolean {
    return main.every(key => {
      const value = this.get(`${section}.${key}`)
      return value !== undefined && value !== 'false' && value !== '0'
    })
  }

  #read(key: string, node: ConfigNode, place: ConfigPlace): void {
    if (node.kind === 'map' && !MAPS.test(key)) {
      // falcosidekick's example has a section `securitylake.`.
      for (const [name, { key: at, value }] of node.entries)
        this.#read(`${key}.${name.toLowerCase().replace(/\.$/, '')}`, value, at)
      return
    }
    if (!KNOWN.has(key)) {
      if (!isOfUnsupported(key) && !(node.kind === 'scalar' && (node.text === '' || PARENTS.has(key))))
        this.warnings.push(`${where(place)}: unknown key ${key}${suggestion(key)}`)
      if (!isOfUnsupported(key)) return
    }
    this.#places.set(key, where(place))
    this.#values.set(key, valueIn(node))
  }

  /** `%NAME` stands for an environment variable. */
  #expand(key: string, env: Env): void {
    const map = this.map(key)
    const expanded = Object.entries(map).flatMap(([name, value]): [string, string][] => {
      if (!/^%\w+$/.test(value)) return [[name, value]]
      const found = env[value.slice(1)]
      if (!found)
        this.warnings.push(
          `${this.whereIs(key)}: ${name} is left out: there is no environment variable ${value.slice(1)}`,
        )
      return found ? [[name, found]] : []
    })
    if (expanded.length > 0 || Object.keys(map).length > 0) this.#values.set(key, Object.fromEntries(expanded))
  }
}

function textOf(path: string): string {
  try {
    return readFile(path).toString('utf8')
  } catch (error) {
    throw new ConfigError(`Could not read configuration file ${path}: ${(error as Error).message}`)
  }
}

function valueIn(node: ConfigNode): SidekickValue {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list')
    return node.items
      .map(item => (item.kind === 'scalar' ? item.text : ''))
      .filter(Boolean)
      .join(',')
  return Object.fromEntries(
    [...node.entries].map(([name, { value }]) => [name, value.kind === 'scalar' ? value.text : '']),
  )
}

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(GLOBAL_KEYS),
  ...SIDEKICK_OUTPUTS.flatMap(({ section, keys }) => Object.keys(keys).map(key => `${section}.${key}`)),
  ...UNSUPPORTED.flatMap(({ section, main }) => main.map(key => `${section}.${key}`)),
])

/** Sections, which may be empty. */
const PARENTS: ReadonlySet<string> = new Set(
  [...KNOWN].flatMap(key => {
    const names = key.split('.')
    return names.slice(1).map((_, i) => names.slice(0, i + 1).join('.'))
  }),
)

const isOfUnsupported = (key: string) => UNSUPPORTED.some(({ section }) => key.startsWith(`${section}.`))

function suggestion(key: string): string {
  const meant = nearest(key, KNOWN)
  return meant === undefined ? '' : `: did you mean ${meant}?`
}
