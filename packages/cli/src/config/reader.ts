import { ConfigError, type ConfigPlace } from './error.ts'
import { expand } from './expand.ts'
import { type ConfigMap, type ConfigNode, type ConfigScalar, plain } from './tree.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Typed reading of a tree, with `${VAR}` expanded. Paths are dotted keys; null and missing values give the default. */
export class ConfigReader {
  private readonly root: ConfigMap
  private readonly env: Env

  constructor(root: ConfigMap, env: Env) {
    this.root = root
    this.env = env
  }

  /** undefined: not there, or null. */
  node(path: string): ConfigNode | undefined {
    let node: ConfigNode | undefined = this.root
    for (const key of path.split('.')) {
      if (node?.kind !== 'map') return undefined
      node = node.entries.get(key)?.value
    }
    return node?.kind === 'scalar' && node.text === '' && !node.quoted ? undefined : node
  }

  place(path: string): ConfigPlace | undefined {
    return this.node(path)?.place
  }

  string(path: string, otherwise: string): string {
    return this.scalar(path)?.text ?? otherwise
  }

  /** One of `values`, in any case of letters. */
  choice<T extends string>(path: string, values: readonly T[], otherwise: T): T {
    const found = this.scalar(path)
    if (!found) return otherwise
    const value = values.find(one => one.toLowerCase() === found.text.toLowerCase())
    if (value === undefined) {
      throw new ConfigError(`${path} must be one of ${values.join(', ')}, not "${found.text}"`, found.place)
    }
    return value
  }

  boolean(path: string, otherwise: boolean): boolean {
    const found = this.scalar(path)
    if (!found || found.text === '') return otherwise
    if (/^(true|yes|on|y|1)$/i.test(found.text)) return true
    if (/^(false|no|off|n|0)$/i.test(found.text)) return false
    throw new ConfigError(`${path} must be true or false, not "${found.text}"`, found.place)
  }

  integer(path: string, otherwise: number, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const found = this.scalar(path)
    if (!found || found.text === '') return otherwise
    const value = Number(found.text)
    if (!/^[-+]?\d+$/.test(found.text) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
      throw new ConfigError(`${path} must be a whole number ${range}, not "${found.text}"`, found.place)
    }
    return value
  }

  number(path: string, otherwise: number, min = 0, max = Number.POSITIVE_INFINITY): number {
    const found = this.scalar(path)
    if (!found || found.text === '') return otherwise
    const value = Number(found.text)
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(found.text) || value < min || value > max) {
      const range = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`
      throw new ConfigError(`${path} must be a number ${range}, not "${found.text}"`, found.place)
    }
    return value
  }

  /** A list of scalars; a single scalar is a list of one, as in Falco. */
  strings(path: string): string[] {
    const node = this.node(path)
    if (!node) return []
    if (node.kind === 'scalar') return [this.text(node)]
    return this.items(path).map(item => {
      if (item.kind !== 'scalar') throw new ConfigError(`an item of ${path} must be one value`, item.place)
      return this.text(item)
    })
  }

  items(path: string): readonly ConfigNode[] {
    const node = this.node(path)
    if (!node) return []
    if (node.kind !== 'list') throw new ConfigError(`${path} must be a list`, node.place)
    return node.items
  }

  /** The maps of a list, each with a reader of its own. */
  maps(path: string): { reader: ConfigReader; place: ConfigPlace; keys: readonly string[] }[] {
    return this.items(path).map(item => {
      if (item.kind !== 'map') throw new ConfigError(`an item of ${path} must be a map`, item.place)
      return { reader: new ConfigReader(item, this.env), place: item.place, keys: [...item.entries.keys()] }
    })
  }

  /** A map of names to scalars. */
  table(path: string): Record<string, string> {
    const node = this.node(path)
    if (!node) return {}
    if (node.kind !== 'map') throw new ConfigError(`${path} must be a map`, node.place)
    return Object.fromEntries(
      [...node.entries].map(([key, { value }]) => {
        if (value.kind !== 'scalar') throw new ConfigError(`${path}.${key} must be one value`, value.place)
        return [key, this.text(value)]
      }),
    )
  }

  /** A node as data, variables expanded. */
  data(node: ConfigNode): unknown {
    return plain(node, scalar => this.text(scalar))
  }

  text(scalar: ConfigScalar): string {
    return expand(scalar.text, this.env)
  }

  private scalar(path: string): { text: string; place: ConfigPlace } | undefined {
    const node = this.node(path)
    if (!node) return undefined
    if (node.kind !== 'scalar') throw new ConfigError(`${path} must be one value`, node.place)
    return { text: this.text(node), place: node.place }
  }
}
