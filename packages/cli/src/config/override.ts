import { SourceText } from '@falc/engine'
import { ConfigError, type ConfigPlace } from './error.ts'
import { parseTree } from './parse-tree.ts'
import type { ConfigEntry, ConfigMap, ConfigNode } from './tree.ts'

/** One step into the tree: a key, an index, or one more item at the end (`[]`). */
interface PathStep {
  readonly step: { readonly key: string } | { readonly index: number } | 'append'
  readonly place: ConfigPlace
}

/**
 * Sets one `-o key=value` in the tree. The key is dotted, with `[i]` for list items and `[]` for a new one; a dot that
 * belongs to a key is escaped (`a\.b`). A value that begins with `{` is YAML, any other one is a scalar.
 * @throws {ConfigError}
 */
export function applyOverride(root: ConfigMap, option: string): void {
  const source = new SourceText(`-o ${option}`, option)
  const equals = option.indexOf('=')
  if (equals <= 0) {
    throw new ConfigError(`Error parsing config option "${option}". Must be of the form key=val or key.subkey=val`)
  }
  const steps = parsePath(option.slice(0, equals), source)
  const value = option.slice(equals + 1)
  setAt(root, steps, valueNode(value, source, equals + 1))
}

function valueNode(value: string, source: SourceText, offset: number): ConfigNode {
  const place = { source, offset, length: value.length }
  if (!value.startsWith('{')) return { kind: 'scalar', text: value, quoted: false, place }
  // Spaces instead of the key, so that positions in the value are positions in the option.
  return parseTree(new SourceText(source.name, ' '.repeat(offset) + value))
}

function parsePath(path: string, source: SourceText): PathStep[] {
  const steps: PathStep[] = []
  let at = 0
  const fail = (reason: string, offset: number): never => {
    throw new ConfigError(`key "${path}": ${reason}`, { source, offset, length: 1 })
  }
  while (at < path.length) {
    const index = /^\[(\d*)\]/.exec(path.slice(at))
    if (index) {
      if (steps.length === 0) fail('a key must come before [', at)
      const place = { source, offset: at, length: index[0].length }
      steps.push({ step: index[1] === '' ? 'append' : { index: Number(index[1]) }, place })
      at += index[0].length
      if (at < path.length && path[at] !== '.' && path[at] !== '[') fail("expected '.' or '['", at)
      continue
    }
    if (steps.length > 0) {
      if (path[at] !== '.') fail("expected '[', an index and ']'", at)
      at++
    }
    const key = /^(\\.|[^.[\\])+/.exec(path.slice(at))
    if (!key) return fail('expected a key', Math.min(at, path.length - 1))
    steps.push({ step: { key: key[0].replace(/\\(.)/g, '$1') }, place: { source, offset: at, length: key[0].length } })
    at += key[0].length
  }
  if (path.endsWith('.')) fail('expected a key', path.length - 1)
  return steps
}

function setAt(root: ConfigMap, steps: readonly PathStep[], value: ConfigNode): void {
  let node: ConfigNode = root
  for (const [i, { step, place }] of steps.entries()) {
    const last = i === steps.length - 1
    const next: ConfigNode = last ? value : emptyFor(steps[i + 1]!)
    if (typeof step === 'object' && 'key' in step) {
      if (node.kind !== 'map') throw new ConfigError('this is not a map, so it cannot have the key', place)
      const old: ConfigEntry | undefined = node.entries.get(step.key)
      const keep: boolean = !last && old !== undefined && fits(old.value, next)
      node.entries.set(step.key, { key: place, value: keep ? old!.value : next })
      node = keep ? old!.value : next
    } else {
      if (node.kind !== 'list') throw new ConfigError('this is not a list', place)
      const index: number = step === 'append' ? node.items.length : step.index
      if (index > node.items.length) {
        throw new ConfigError(
          `the list has only ${node.items.length} ${node.items.length === 1 ? 'item' : 'items'}`,
          place,
        )
      }
      const old: ConfigNode | undefined = node.items[index]
      const keep: boolean = !last && old !== undefined && fits(old, next)
      if (!keep) node.items[index] = next
      node = node.items[index]!
    }
  }
}

/** Whether a value can stay: a scalar, null included, is replaced by the container that the path needs. */
function fits(old: ConfigNode, wanted: ConfigNode): boolean {
  return old.kind === wanted.kind || old.kind !== 'scalar'
}

function emptyFor({ step, place }: PathStep): ConfigNode {
  return typeof step === 'object' && 'key' in step
    ? { kind: 'map', entries: new Map(), place }
    : { kind: 'list', items: [], place }
}
