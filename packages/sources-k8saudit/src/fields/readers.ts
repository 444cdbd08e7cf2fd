import type { JsonDocument } from '../json/document.ts'
import { isObject, type Json } from '../json/json.ts'
import { type PointerTree, Step, tokensOf } from '../json/pointer.ts'
import { ListPath } from './list.ts'
import { repositoryOf } from './repository.ts'
import { queryValue } from './uri.ts'

/** Reads a field's value; undefined = absent. `arg` is a number for an index, text for a key. */
export type Read = (document: JsonDocument, arg: any) => string | string[] | undefined
/** Prepares the reader of one field; pointers are resolved here, once. */
type Reader = (tree: PointerTree, row: Pointers) => Read

/** Where a field's value is. */
export interface Pointers {
  /** JSON pointer; `*` means each element, or the one that the index argument names. */
  readonly pointer: string
  /** A second pointer for `effective`: the pod's own setting. */
  readonly other?: string
}

const present = (values: string[]): string[] | undefined => (values.length > 0 ? values : undefined)

/** One text per value that the path leads to; undefined leaves a value out, null makes the whole field absent. */
function each(value: (found: Json | undefined, document: JsonDocument) => string | undefined | null): Reader {
  return (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (document, index) => {
      const found = path.read(document, index)
      if (!found) return undefined
      const values: string[] = []
      for (const one of found) {
        const text = value(one, document)
        if (text === null) return undefined
        if (text !== undefined) values.push(text)
      }
      return present(values)
    }
  }
}

/** The elements of all lists that the path leads to. `others` decides about values that are not lists. */
function flat(
  values: (found: readonly Json[], document: JsonDocument) => (string | undefined)[],
  others: 'skip' | 'fail',
): Reader {
  return (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (document, index) => {
      const found = path.read(document, index)
      if (!found) return undefined
      const all: string[] = []
      for (const one of found) {
        if (Array.isArray(one)) for (const text of values(one, document)) text !== undefined && all.push(text)
        else if (one !== undefined && others === 'fail') return undefined
      }
      return present(all)
    }
  }
}

const texts = (found: readonly Json[], document: JsonDocument): string[] => found.map(one => document.text(one))

/** The first value of a list; absent when the list is. */
function first(reader: Reader): Reader {
  return (tree, row) => {
    const read = reader(tree, row)
    return document => read(document, 0)?.[0]
  }
}

const strict = each((found, document) => (found === undefined ? null : document.text(found)))
const repositories = each((found, document) => (found === undefined ? null : repositoryOf(document.text(found))))

/** How fields are read from what their pointers lead to. Source of the facts: the k8saudit plugin 0.18.0. */
export const READERS = {
  /** A string, or the compact JSON of anything else. */
  plain: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return document => {
      const value = node.get(document)
      return typeof value === 'string' || value === undefined ? value : document.text(value)
    }
  },

  /** Each element of a list, or the one that the index names; absent when the value is not a list. */
  plainList: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return (document, index) => {
      const value = node.get(document)
      if (!Array.isArray(value)) return undefined
      return present(texts(index === undefined ? value : value.slice(index, index + 1), document))
    }
  },

  /** The first value of a query parameter of the URI. */
  uriParam: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return (document, key) => {
      const uri = node.get(document)
      return uri === undefined ? undefined : queryValue(document.text(uri), key)
    }
  },

  /** One value per element that has it. */
  skipNil: each((found, document) => (found === undefined ? undefined : document.text(found))),

  /** One value per element; the field is absent when one element lacks it. */
  strictStrings: strict,
  firstContainer: first(strict),

  /** As strictStrings, for images without their tag and digest. */
  repository: repositories,
  firstContainerRepository: first(repositories),

  /** One value per element that has a list of strings: its strings, joined by spaces. */
  argsJoin: each(found => {
    if (found === undefined) return undefined
    return Array.isArray(found) && found.every(one => typeof one === 'string') ? found.join(' ') : null
  }),

  /** For each port of each container, its port on the host; under hostNetwork, that is the container's port. */
  hostPorts: flat(
    (ports, document) =>
      ports.map(port => {
        const at = isObject(port) ? (port.hostPort ?? port.containerPort) : undefined
        return at === undefined ? undefined : document.text(at)
      }),
    'fail',
  ),

  /** All elements of all lists. */
  flatten: flat(texts, 'skip'),

  /** One value per container: its own setting, else the pod's, else 0. */
  effective: (tree, row) => {
    const end = row.pointer.indexOf('/*') + 2
    const containers = new ListPath(tree, row.pointer.slice(0, end))
    const steps = tokensOf(row.pointer.slice(end)).map(key => new Step(key))
    const pod = tree.node(row.other!)
    return (document, index) => {
      const found = containers.read(document, index)
      if (!found) return undefined
      const fallback = pod.get(document) ?? '0'
      const own = (one: Json | undefined) => steps.reduce((value, step) => step.from(value), one)
      return present(found.map(one => document.text(own(one) ?? fallback)))
    }
  },

  /** Whether any element's value is `true`. */
  anyTrue: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return document => {
      const found = path.read(document, undefined)
      return found && String(found.includes(true))
    }
  },

  /** Whether any element's path equals the argument, or starts with it if the argument ends in `*`. */
  hostpathMatch: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (document, wanted: string) => {
      const found = path.read(document, undefined)
      if (!found) return undefined
      const prefix = wanted.endsWith('*') ? wanted.slice(0, -1) : undefined
      const matches = (one: Json | undefined) =>
        one !== undefined &&
        (document.text(one) === wanted || (prefix !== undefined && document.text(one).startsWith(prefix)))
      return String(found.some(matches))
    }
  },

  /** The types of volumes: every key of each volume other than its name. */
  volumeTypes: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (document, index) => {
      const volumes = path.read(document, index)
      const keys = volumes?.flatMap(one => (isObject(one) ? Object.keys(one).filter(key => key !== 'name') : []))
      return keys && present(keys)
    }
  },

  users: subjects('User', subject => subject.name),
  groups: subjects('Group', subject => subject.name),
  serviceAccounts: subjects('ServiceAccount', subject => subject.name),
  /** As `namespace:name`. */
  namespacedServiceAccounts: subjects('ServiceAccount', (subject, document) =>
    subject.namespace === undefined || subject.name === undefined
      ? undefined
      : `${document.text(subject.namespace)}:${document.text(subject.name)}`,
  ),

  /** The response's name, if the request was for a pod itself. */
  targetPodName: (tree, { pointer }) => {
    const name = tree.node(pointer)
    const resource = tree.node('/objectRef/resource')
    const subresource = tree.node('/objectRef/subresource')
    return document => {
      if (resource.get(document) !== 'pods' || (subresource.get(document) ?? '') !== '') return undefined
      const value = name.get(document)
      return value === undefined ? undefined : document.text(value)
    }
  },

  /** Always "true"; kept for old rules. */
  constTrue: () => () => 'true',
} satisfies Record<string, Reader>

export type ReaderName = keyof typeof READERS

/** One value per subject of this kind. */
function subjects(
  kind: string,
  value: (subject: { readonly [key: string]: Json }, document: JsonDocument) => Json | undefined,
): Reader {
  return (tree, { pointer }) => {
    const node = tree.node(pointer)
    return document => {
      const list = node.get(document)
      if (!Array.isArray(list)) return undefined
      const values: string[] = []
      for (const subject of list) {
        const found = isObject(subject) && subject.kind === kind ? value(subject, document) : undefined
        if (found !== undefined) values.push(document.text(found))
      }
      return present(values)
    }
  }
}
