import type { Condition, Operand } from '@falc/engine'
import { ROWS } from '../fields/fields.ts'

/** Which parts of an audit event are known before the request is carried out. */
export interface Part {
  /** JSON pointer in the audit event. */
  readonly pointer: string
  /**
   * `yes`: as in the log. `derived`: from other values of the review. `no`: only the API server or the log knows it. `later`: it does not
   * exist yet, so a check of its absence is right.
   */
  readonly known: 'yes' | 'derived' | 'no' | 'later'
  /** The origin of the value, or why it is absent. */
  readonly why: string
}

/** The longest pointer that fits decides. A part that is not known is absent, and so are its fields. */
export const PARTS: readonly Part[] = [
  { pointer: '/auditID', known: 'derived', why: 'the uid of the review; the API server does not send the audit ID' },
  {
    pointer: '/stage',
    known: 'derived',
    why: 'ResponseComplete; of exec, attach, portforward and proxy also ResponseStarted, as in the log',
  },
  { pointer: '/level', known: 'derived', why: 'RequestResponse, whatever the audit policy says' },
  {
    pointer: '/verb',
    known: 'derived',
    why: 'from the operation; a server-side apply that creates is create here and patch in the log, a deletecollection is delete, and a connection is create',
  },
  { pointer: '/user', known: 'yes', why: 'under impersonation, the impersonated user' },
  { pointer: '/objectRef', known: 'yes', why: 'as the client named it, before conversion to another version' },
  {
    pointer: '/requestURI',
    known: 'derived',
    why: 'from objectRef; of its parameters those of exec, attach, portforward and proxy, and dryRun',
  },
  {
    pointer: '/requestObject',
    known: 'yes',
    why: 'with defaults and mutations; of a patch the whole object that results, where the log has the patch; of a deletion its options',
  },
  {
    pointer: '/annotations/authorization.k8s.io~1decision',
    known: 'derived',
    why: 'allow; unauthorised requests do not reach a webhook',
  },
  { pointer: '/annotations', known: 'no', why: 'written by the API server, its other plugins or the collector' },
  { pointer: '/impersonatedUser', known: 'no', why: 'not in a review' },
  { pointer: '/sourceIPs', known: 'no', why: 'not in a review' },
  { pointer: '/userAgent', known: 'no', why: 'not in a review' },
  { pointer: '/responseStatus', known: 'later', why: 'the request has not been carried out' },
  { pointer: '/responseObject', known: 'later', why: 'the request has not been carried out' },
]

/** Pointers that PARTS does not name are not known; the time is that of the review. */
const TIMES = ['/stageTimestamp', '/requestReceivedTimestamp', '/kind', '/apiVersion']

/** @param pointer as `/user/username` */
export function knownOf(pointer: string): Part['known'] {
  const fits = (part: string) => pointer === part || pointer.startsWith(`${part}/`)
  const part = PARTS.filter(one => fits(one.pointer)).sort((a, b) => b.pointer.length - a.pointer.length)[0]
  return part?.known ?? (TIMES.includes(pointer) ? 'derived' : 'no')
}

/** How admission treats a rule. */
export interface Judgement {
  /** `never`: the condition cannot hold yet; `in part`: it may, but something that is not known could rule it out. */
  readonly judged: 'whole' | 'in part' | 'never'
  /** Fields of the condition that are absent here: `ka.useragent`. */
  readonly unknown: readonly string[]
  /** Where in the object is what the condition asks for, for people: `spec.containers[*].securityContext.privileged`. */
  readonly object: readonly string[]
}

/** Judges a closed condition over audit events, as rules have it when they are loaded. */
export function judgementOf(condition: Condition): Judgement {
  const absent = { no: new Set<string>(), later: new Set<string>() }
  const object = new Set<string>()
  const whole = possible(condition, true, (operand, demanded) => {
    const pointer = pointerOf(operand)
    if (pointer === undefined) return true
    if (demanded && pointer.startsWith('/requestObject/')) object.add(readable(pointer))
    const known = knownOf(pointer)
    if (known === 'yes' || known === 'derived') return true
    absent[known].add(operand.arg?.startsWith('/') ? `${operand.name}[${operand.arg}]` : operand.name)
    return false
  })
  return {
    judged: !whole.canHold ? 'never' : absent.no.size > 0 ? 'in part' : 'whole',
    unknown: [...absent.no, ...absent.later],
    object: [...object],
  }
}

interface Possible {
  readonly canHold: boolean
  readonly canFail: boolean
}

type FieldOperand = Extract<Operand, { readonly kind: 'field' }>

/**
 * A check on an absent value fails.
 * @param demanded whether the condition needs this node to hold, and not to fail
 */
function possible(
  node: Condition,
  demanded: boolean,
  known: (field: FieldOperand, demanded: boolean) => boolean,
): Possible {
  switch (node.kind) {
    case 'not': {
      const { canHold, canFail } = possible(node.child, !demanded, known)
      return { canHold: canFail, canFail: canHold }
    }
    case 'and':
    case 'or': {
      const parts = node.children.map(child => possible(child, demanded, known))
      const and = node.kind === 'and'
      return {
        canHold: and ? parts.every(part => part.canHold) : parts.some(part => part.canHold),
        canFail: and ? parts.some(part => part.canFail) : parts.every(part => part.canFail),
      }
    }
    case 'check': {
      const fields = [node.left, ...(node.right === undefined ? [] : [node.right].flat())].flatMap(fieldsIn)
      // All are looked at, not only the first that is missing.
      return { canHold: fields.filter(field => !known(field, demanded)).length === 0, canFail: true }
    }
    default:
      return { canHold: true, canFail: true }
  }
}

function fieldsIn(operand: Operand): FieldOperand[] {
  if (operand.kind === 'field') return [operand]
  return operand.kind === 'transform' ? operand.args.flat().flatMap(fieldsIn) : []
}

/** Where an audit field is; undefined: it is not in the event, or always there. */
function pointerOf({ name, arg }: FieldOperand): string | undefined {
  if (name === 'json.value' || name === 'jevt.value') return arg?.startsWith('/') ? arg : `/${arg ?? ''}`
  const row = Object.hasOwn(ROWS, name) ? ROWS[name as keyof typeof ROWS] : undefined
  return row === undefined || row.pointer === '' ? undefined : row.pointer
}

const readable = (pointer: string): string =>
  pointer
    .slice('/requestObject/'.length)
    .replaceAll('/*', '[*]')
    .replaceAll('/', '.')
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
