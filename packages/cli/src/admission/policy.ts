import type { AdmissionAnswer } from '@falc/sources-k8saudit'
import type { Config } from '../config/config.ts'
import { count } from '../count.ts'
import { printable } from '../printable.ts'
import type { RuleNote } from '../rules/ruleset-cache.ts'

export type Mode = 'warn' | 'deny'

/** Bytes of warnings: a client shows no more of one, and the API server drops what is beyond all. */
export const WARNING_BYTES = { each: 256, all: 4096 } as const

/** Decides on requests that rules match. */
export class Policy {
  /** By rule that can be judged here. */
  readonly modes: ReadonlyMap<string, Mode>
  /** Warnings for the operator. */
  readonly notes: readonly string[]
  /** Names in `deny` that no rule has. */
  readonly unknown: readonly string[]
  readonly #advice = new Map<string, string>()

  /** @param rules all that are loaded */
  constructor({ deny, remedies }: Config['admission'], rules: readonly RuleNote[]) {
    const own = rules.filter(({ source, enabled }) => source === 'k8s_audit' && enabled)
    const modes = new Map<string, Mode>()
    const notes: string[] = []
    /** Names of rules, by what they need. */
    const never = new Map<string, string[]>()
    for (const { name, tags, admission } of own) {
      const { judged = 'whole', unknown = [], object = [] } = admission ?? {}
      if (judged === 'never') {
        const needs = unknown.join(', ')
        never.set(needs, [...(never.get(needs) ?? []), name])
        continue
      }
      const wanted = deny.rules.includes(name) || tags.some(tag => deny.tags.includes(tag))
      if (judged === 'in part')
        notes.push(
          `rule "${name}" ${wanted ? 'does not deny, it only warns' : 'warns more often than it alerts'}: at admission nothing is known of ${unknown.join(', ')}`,
        )
      modes.set(name, wanted && judged === 'whole' ? 'deny' : 'warn')
      const change = object.length > 0 ? `change ${object.slice(0, 3).join(' or ')}, or ` : ''
      this.#advice.set(name, remedies[name] ?? `${change}ask for an exception to the rule`)
    }
    for (const [needs, names] of never)
      notes.push(
        `${count(names.length, 'rule')} cannot be judged before a request is carried out, for want of ${needs}: ${names.join(', ')}`,
      )
    const named = new Set(own.map(({ name }) => name))
    const tagged = new Set(own.flatMap(({ tags }) => tags))
    this.unknown = [
      ...deny.rules.filter(name => !named.has(name)).map(name => `rule "${name}"`),
      ...deny.tags.filter(tag => !tagged.has(tag)).map(tag => `rule with tag "${tag}"`),
    ]
    this.modes = modes
    this.notes = notes
  }

  /** For people: how many rules do what. */
  get summary(): string {
    const denying = [...this.modes.values()].filter(mode => mode === 'deny').length
    return `${count(denying, 'rule')} deny, ${this.modes.size - denying} warn`
  }

  /** @param matched names of the rules that match, each once */
  answer(matched: readonly string[]): AdmissionAnswer {
    if (matched.length === 0) return { allowed: true }
    const denied = matched.filter(rule => this.modes.get(rule) === 'deny')
    const warned = matched.filter(rule => this.modes.get(rule) !== 'deny')
    const warnings = fitting(warned.map(rule => `falc: ${this.#sentence(rule)}`))
    return {
      allowed: denied.length === 0,
      ...(denied.length > 0 && { status: refusal(403, denied.map(rule => this.#sentence(rule)).join('; ')) }),
      ...(warnings.length > 0 && { warnings }),
      auditAnnotations: {
        ...(denied.length > 0 && { denied: cut(denied.join(', '), WARNING_BYTES.all) }),
        ...(warned.length > 0 && { warned: cut(warned.join(', '), WARNING_BYTES.all) }),
      },
    }
  }

  #sentence(rule: string): string {
    return `${rule}: ${this.#advice.get(rule)}`
  }
}

/** The answer to a request that cannot be judged. */
export function unjudged(onFailure: 'open' | 'closed', reason: string): AdmissionAnswer {
  const text = `the request could not be judged: ${reason}`
  return onFailure === 'open'
    ? { allowed: true, warnings: fitting([`falc: ${text}`]), auditAnnotations: { unjudged: cut(reason, 256) } }
    : { allowed: false, status: refusal(500, text), auditAnnotations: { unjudged: cut(reason, 256) } }
}

function refusal(code: 403 | 500, message: string) {
  const reason = code === 403 ? 'Forbidden' : 'InternalError'
  return { code, reason, message: cut(printable(message), WARNING_BYTES.all) }
}

/** Warnings of which each and all together are as long as clients show them. */
function fitting(texts: readonly string[]): string[] {
  const warnings = texts.map(text => cut(printable(text), WARNING_BYTES.each))
  const kept: string[] = []
  let room: number = WARNING_BYTES.all - 64
  for (const warning of warnings) {
    room -= Buffer.byteLength(warning)
    if (room < 0) return [...kept, `falc: ${warnings.length - kept.length} more rules`]
    kept.push(warning)
  }
  return kept
}

/** A text cut to at most this many bytes, between two characters. */
function cut(text: string, bytes: number): string {
  const whole = Buffer.from(text)
  if (whole.length <= bytes) return text
  // The ellipsis takes three.
  let end = bytes - 3
  while ((whole[end]! & 0xc0) === 0x80) end--
  return `${whole.toString('utf8', 0, end)}…`
}
