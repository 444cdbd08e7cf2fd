import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SourceText } from '@falc/engine'
import { kindOf, readFile } from '../read-file.ts'
import { ConfigError } from './error.ts'
import { type Env, expand } from './expand.ts'
import { applyOverride } from './override.ts'
import { parseTree } from './parse-tree.ts'
import { type ConfigMap, type ConfigNode, emptyMap, isNull } from './tree.ts'

/** Configuration of all files and options, merged. */
export interface ConfigFiles {
  readonly root: ConfigMap
  /** Files in the order in which they were merged. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[]
  /** Files and folders whose changes matter. */
  readonly watch: readonly string[]
  readonly warnings: readonly string[]
}

type Strategy = 'append' | 'override' | 'add-only'

/**
 * Reads falco.yaml, what its `config_files` names, and `-o` options, which take precedence over both.
 * @param path undefined = built-in defaults, with alerts on standard output
 * @throws {ConfigError}
 */
export function readConfigFiles(path: string | undefined, options: readonly string[], env: Env): ConfigFiles {
  const loading = new Loading(env)
  const root = path === undefined ? builtIn() : loading.file(path)
  const including = (option: string) => /^config_files\s*[=[]/.test(option)
  for (const option of options.filter(including)) applyOverride(root, option)
  loading.include(root, path)
  for (const option of options.filter(one => !including(one))) applyOverride(root, option)
  return { root, files: loading.files, watch: loading.watch, warnings: loading.warnings }
}

/** `stdout_output: { enabled: true }`, without loading a YAML parser for it. */
function builtIn(): ConfigMap {
  const text = 'stdout_output: {enabled: true}'
  const source = new SourceText('built-in defaults', text)
  const placeOf = (part: string) => ({ source, offset: text.indexOf(part), length: part.length })
  const map = (key: string, value: ConfigNode): ConfigMap => ({
    ...emptyMap(source),
    entries: new Map([[key, { key: placeOf(key), value }]]),
  })
  const yes: ConfigNode = { kind: 'scalar', text: 'true', quoted: false, place: placeOf('true') }
  return map('stdout_output', map('enabled', yes))
}

class Loading {
  readonly files: { path: string; sha256: string }[] = []
  readonly watch: string[] = []
  readonly warnings: string[] = []
  readonly #env: Env

  constructor(env: Env) {
    this.#env = env
  }

  file(path: string): ConfigMap {
    let text: string
    try {
      text = readFile(path).toString('utf8')
    } catch (error) {
      throw new ConfigError(`Could not read configuration file ${path}: ${(error as Error).message}`)
    }
    this.files.push({ path, sha256: createHash('sha256').update(text).digest('hex') })
    this.watch.push(path)
    const source = new SourceText(path, text)
    const tree = parseTree(source)
    if (tree.kind === 'map') return tree
    if (tree.kind === 'scalar' && tree.text === '') return emptyMap(source)
    throw new ConfigError('a configuration file must be a map of keys', tree.place)
  }

  /** Merges the files that `config_files` names: a list, or one item. */
  include(root: ConfigMap, main: string | undefined): void {
    const list = root.entries.get('config_files')?.value
    if (list === undefined || isNull(list)) return
    for (const item of list.kind === 'list' ? list.items : [list]) {
      const { path, strategy } = readItem(item, this.#env)
      for (const file of this.#expand(path)) {
        if (main !== undefined && resolve(file) === resolve(main)) {
          throw new ConfigError(`config_files must not name the main configuration file ${main}`, item.place)
        }
        const tree = this.file(file)
        const nested = tree.entries.get('config_files')
        if (nested) throw new ConfigError("'config_files' is not allowed in an included file", nested.key)
        merge(root, tree, strategy)
      }
    }
  }

  /** A file, or the YAML files of a folder by name. */
  #expand(path: string): string[] {
    const kind = kindOf(path)
    if (kind === undefined) {
      this.warnings.push(`config_files: ${path} does not exist`)
      // It may appear.
      this.watch.push(path)
      return []
    }
    if (kind !== 'folder') return [path]
    this.watch.push(path)
    return yamlFiles(path)
  }
}

/** The .yaml and .yml files directly in a folder, sorted by name. */
export function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
    .map(entry => join(folder, entry.name))
    .sort()
}

function readItem(item: ConfigNode, env: Env): { path: string; strategy: Strategy } {
  if (item.kind === 'scalar') return { path: expand(item.text, env), strategy: 'append' }
  const path = item.kind === 'map' ? item.entries.get('path')?.value : undefined
  if (item.kind !== 'map' || path?.kind !== 'scalar') {
    throw new ConfigError('an item of config_files is a path, or a map with path and strategy', item.place)
  }
  const file = expand(path.text, env)
  const strategy = item.entries.get('strategy')?.value
  if (!strategy) return { path: file, strategy: 'append' }
  const name = strategy.kind === 'scalar' ? expand(strategy.text, env) : ''
  if (name !== 'append' && name !== 'override' && name !== 'add-only') {
    throw new ConfigError('the strategy must be append, override or add-only', strategy.place)
  }
  return { path: file, strategy: name }
}

/** Merges top-level keys, as in Falco: `append` joins lists and replaces everything else. */
function merge(root: ConfigMap, added: ConfigMap, strategy: Strategy): void {
  for (const [key, entry] of added.entries) {
    const old = root.entries.get(key)
    if (!old || strategy === 'override') root.entries.set(key, entry)
    else if (strategy === 'append') {
      const joined = old.value.kind === 'list' && entry.value.kind === 'list'
      if (joined) (old.value as { items: ConfigNode[] }).items.push(...(entry.value as { items: ConfigNode[] }).items)
      else root.entries.set(key, entry)
    }
  }
}
