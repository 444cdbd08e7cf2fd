import type { AuditEvent } from '../event.ts'
import { isObject, type Json } from '../json/json.ts'
import { type PointerTree, Step, tokensOf } from '../json/pointer.ts'
import { textOf } from '../json/text.ts'
import { ListPath } from './list.ts'
import { repositoryOf } from './repository.ts'
import { queryValue } from './uri.ts'

/** A field's value in an event; undefined = absent. `arg` is a number for an index, text for a key. */
export type Read = (event: AuditEvent, arg: any) => string | string[] | undefined
type Rule = (tree: PointerTree, row: Pointers) => Read

/** What a rule needs to know of a row. */
export interface Pointers {
  /** JSON pointer; `*` stands for "each element, or the one that the index argument names". */
  readonly pointer: string
  /** A second pointer, for the rule that needs one: the pod's own setting of `effective`. */
  readonly other?: string
}

const present = (values: string[]): string[] | undefined => (values.length > 0 ? values : undefined)

/** What `value` gives for each thing the path leads to; undefined leaves it out, null makes the whole field absent. */
function each(value: (found: Json | undefined, event: AuditEvent) => string | undefined | null): Rule {
  return (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (event, index) => {
      const found = path.read(event, index)
      if (!found) return undefined
      const values: string[] = []
      for (const one of found) {
        const text = value(one, event)
        if (text === null) return undefined
        if (text !== undefined) values.push(text)
      }
      return present(values)
    }
  }
}

/** As `each`, where what is found are lists and all their elements are wanted. */
function flat(
  values: (found: readonly Json[], event: AuditEvent) => (string | undefined)[],
  others: 'skip' | 'fail',
): Rule {
  return (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (event, index) => {
      const found = path.read(event, index)
      if (!found) return undefined
      const all: string[] = []
      for (const one of found) {
        if (Array.isArray(one)) for (const text of values(one, event)) text !== undefined && all.push(text)
        else if (one !== undefined && others === 'fail') return undefined
      }
      return present(all)
    }
  }
}

const texts = (found: readonly Json[], event: AuditEvent): string[] => found.map(one => textOf(one, event))

/** The first of a list; absent when the list is. */
function first(rule: Rule): Rule {
  return (tree, row) => {
    const read = rule(tree, row)
    return event => read(event, 0)?.[0]
  }
}

const strict = each((found, event) => (found === undefined ? null : textOf(found, event)))
const repositories = each((found, event) => (found === undefined ? null : repositoryOf(textOf(found, event))))

/** How each kind of field makes its value of what its pointer leads to. Facts: the k8saudit plugin, 0.18.0. */
export const RULES = {
  /** What is there: a string, or the compact JSON text of anything else. */
  plain: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return event => {
      const value = node.get(event)
      return typeof value === 'string' || value === undefined ? value : textOf(value, event)
    }
  },

  /** Each element of a list, or the one that the index names; absent when it is no list. */
  plainList: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return (event, index) => {
      const value = node.get(event)
      if (!Array.isArray(value)) return undefined
      return present(texts(index === undefined ? value : value.slice(index, index + 1), event))
    }
  },

  /** The first value of a query parameter of the URI. */
  uriParam: (tree, { pointer }) => {
    const node = tree.node(pointer)
    return (event, key) => {
      const uri = node.get(event)
      return uri === undefined ? undefined : queryValue(textOf(uri, event), key)
    }
  },

  /** One value per element that has it. */
  skipNil: each((found, event) => (found === undefined ? undefined : textOf(found, event))),

  /** One value per element; absent altogether when one element lacks it. */
  strictStrings: strict,
  firstContainer: first(strict),

  /** As strictStrings: the image without tag and digest. */
  repository: repositories,
  firstContainerRepository: first(repositories),

  /** One value per element that has a list of strings there: its strings, joined by spaces. */
  argsJoin: each(found => {
    if (found === undefined) return undefined
    return Array.isArray(found) && found.every(one => typeof one === 'string') ? found.join(' ') : null
  }),

  /** Of each port of each container: its port on the host, which under hostNetwork is the container's port. */
  hostPorts: flat(
    (ports, event) =>
      ports.map(port => {
        const at = isObject(port) ? (port.hostPort ?? port.containerPort) : undefined
        return at === undefined ? undefined : textOf(at, event)
      }),
    'fail',
  ),

  /** All elements of the lists that are found. */
  flatten: flat(texts, 'skip'),

  /** One value per container: its own setting, else the pod's, else 0. */
  effective: (tree, row) => {
    const end = row.pointer.indexOf('/*') + 2
    const containers = new ListPath(tree, row.pointer.slice(0, end))
    const steps = tokensOf(row.pointer.slice(end)).map(key => new Step(key))
    const pod = tree.node(row.other!)
    return (event, index) => {
      const found = containers.read(event, index)
      if (!found) return undefined
      const otherwise = pod.get(event) ?? '0'
      const own = (one: Json | undefined) => steps.reduce((value, step) => step.from(value), one)
      return present(found.map(one => textOf(own(one) ?? otherwise, event)))
    }
  },

  /** Whether it is `true` in any element. */
  anyTrue: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return event => {
      const found = path.read(event, undefined)
      return found && String(found.includes(true))
    }
  },

  /** Whether any element's path is the argument, or starts with it when it ends in `*`. */
  hostpathMatch: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (event, wanted: string) => {
      const found = path.read(event, undefined)
      if (!found) return undefined
      const prefix = wanted.endsWith('*') ? wanted.slice(0, -1) : undefined
      const matches = (one: Json | undefined) =>
        one !== undefined &&
        (textOf(one, event) === wanted || (prefix !== undefined && textOf(one, event).startsWith(prefix)))
      return String(found.some(matches))
    }
  },

  /** What kinds of volume there are: every key of each volume other than its name. */
  volumeTypes: (tree, row) => {
    const path = new ListPath(tree, row.pointer)
    return (event, index) => {
      const volumes = path.read(event, index)
      const keys = volumes?.flatMap(one => (isObject(one) ? Object.keys(one).filter(key => key !== 'name') : []))
      return keys && present(keys)
    }
  },

  users: subjects('User', subject => subject.name),
  groups: subjects('Group', subject => subject.name),
  serviceAccounts: subjects('ServiceAccount', subject => subject.name),
  /** With their namespaces: `namespace:name`. */
  namespacedServiceAccounts: subjects('ServiceAccount', (subject, event) =>
    subject.namespace === undefined || subject.name === undefined
      ? undefined
      : `${textOf(subject.namespace, event)}:${textOf(subject.name, event)}`,
  ),

  /** The response's name, when the request was for a pod itself. */
  targetPodName: (tree, { pointer }) => {
    const name = tree.node(pointer)
    const resource = tree.node('/objectRef/resource')
    const subresource = tree.node('/objectRef/subresource')
    return event => {
      if (resource.get(event) !== 'pods' || (subresource.get(event) ?? '') !== '') return undefined
      const value = name.get(event)
      return value === undefined ? undefined : textOf(value, event)
    }
  },

  /** Always "true": kept for old rules. */
  constTrue: () => () => 'true',
} satisfies Record<string, Rule>

export type RuleName = keyof typeof RULES

/** Of a binding's subjects those of one kind, one value each. */
function subjects(
  kind: string,
  value: (subject: { readonly [key: string]: Json }, event: AuditEvent) => Json | undefined,
): Rule {
  return (tree, { pointer }) => {
    const node = tree.node(pointer)
    return event => {
      const list = node.get(event)
      if (!Array.isArray(list)) return undefined
      const values: string[] = []
      for (const subject of list) {
        const found = isObject(subject) && subject.kind === kind ? value(subject, event) : undefined
        if (found !== undefined) values.push(textOf(found, event))
      }
      return present(values)
    }
  }
}
