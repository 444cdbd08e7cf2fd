/** Playbooks from YAML. */
import { type AlertData, ConditionError, compileCondition, compileOutput, nearest, type Source } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { type Action, Refusal } from '../model/action.ts'
import { faultsOf, mapTexts, type Schema } from '../model/params.ts'
import { type Path, PlaybookDocument } from './document.ts'

export const MODES = ['dry-run', 'approve', 'enforce'] as const
export type Mode = (typeof MODES)[number]

/** A number in a period. */
export interface Limit {
  readonly count: number
  /** Milliseconds. */
  readonly per: number
}

export interface Step {
  readonly action: Action
  readonly when?: string
  /** Whether the step's own condition holds. */
  readonly holds: (alert: AlertData) => boolean
  /** The parameters as they are written, defaults filled in. */
  readonly given: unknown
  /** The parameters for an alert, templates put in. @throws {Refusal} when a field that is needed is absent */
  readonly params: (alert: AlertData) => unknown
  /** Milliseconds after which it is undone. */
  readonly lasts?: number
}

export interface Playbook {
  readonly name: string
  readonly file: string
  readonly when: string
  readonly matches: (alert: AlertData) => boolean
  readonly mode: Mode
  /** Milliseconds that a step waits for approval. */
  readonly approval: number
  readonly limits: { readonly per_target: Limit; readonly per_namespace?: Limit; readonly total: Limit }
  readonly steps: readonly Step[]
}

export interface PlaybookFile {
  readonly name: string
  readonly content: string
}

/** Number of acts whose times are remembered. */
const LIMIT: Schema = { type: 'string', pattern: '^[1-9]\\d{0,3}/\\d{1,6}(ms|s|m|h|d)$' }
const TARGET_LIMIT: Schema = { type: 'string', pattern: '^[1-9]\\d?/\\d{1,6}(ms|s|m|h|d)$' }

/** Of a playbook; steps are looked at one by one. */
export const PLAYBOOK_SCHEMA = {
  type: 'object',
  properties: {
    playbook: { type: 'string', minLength: 1, maxLength: 200, description: 'Its name: unique.' },
    description: { type: 'string', description: 'For people.' },
    when: { type: 'string', description: 'A condition over the alert and its output fields.' },
    mode: { enum: MODES, default: 'dry-run', description: 'Whether it acts.' },
    approval: { type: 'string', format: 'duration', default: '1h', description: 'How long a step waits for it.' },
    limits: {
      type: 'object',
      properties: {
        per_target: { ...TARGET_LIMIT, default: '1/1h', description: 'How often a step acts on one target.' },
        per_namespace: { ...LIMIT, description: 'How many steps act in one namespace.' },
        total: { ...LIMIT, default: '10/1h', description: 'How many steps act.' },
      },
      default: {},
    },
    steps: { type: 'array', minItems: 1, maxItems: 50, items: { type: 'object' } },
  },
  required: ['playbook', 'when', 'steps'],
} as const satisfies Schema

/** Keys of a step beside its action. */
const STEP_KEYS: readonly string[] = ['when']

export interface Loading {
  readonly actions: readonly Action[]
  /** The fields that conditions and templates may name. */
  readonly source: Source<AlertData>
}

/** @throws {PlaybookError} the first fault of a file */
export function loadPlaybooks(files: readonly PlaybookFile[], loading: Loading): Playbook[] {
  const names = new Set<string>()
  return files.flatMap(file => new Reader(file, loading).playbooks(names))
}

class Reader {
  readonly #document: PlaybookDocument
  readonly #loading: Loading

  constructor({ name, content }: PlaybookFile, loading: Loading) {
    this.#document = new PlaybookDocument(name, content)
    this.#loading = loading
  }

  /** @param names of all playbooks so far */
  playbooks(names: Set<string>): Playbook[] {
    const { value } = this.#document
    if (value === null || value === undefined) return []
    if (!Array.isArray(value)) throw this.#document.error('a file of playbooks is a list: - playbook: NAME', [])
    return value.map((item, i) => {
      const playbook = this.#playbook(item, [i])
      if (names.has(playbook.name))
        throw this.#document.error(`two playbooks are named ${playbook.name}`, [i, 'playbook'])
      names.add(playbook.name)
      return playbook
    })
  }

  #playbook(item: unknown, path: Path): Playbook {
    this.#check(PLAYBOOK_SCHEMA, item, path)
    const { playbook: name, when, mode, approval, limits, steps } = item as any
    const { per_target, per_namespace, total } = limits
    return {
      ...{ name, when, mode, file: this.#document.source.name, approval: parseDuration(approval)! },
      matches: this.#condition(when, [...path, 'when']),
      limits: {
        per_target: limitOf(per_target),
        total: limitOf(total),
        ...(per_namespace !== undefined && { per_namespace: limitOf(per_namespace) }),
      },
      steps: steps.map((step: Record<string, unknown>, i: number) => this.#step(step, [...path, 'steps', i])),
    }
  }

  #step(step: Record<string, unknown>, path: Path): Step {
    const names = Object.keys(step).filter(key => !STEP_KEYS.includes(key))
    const [name] = names
    if (name === undefined) throw this.#document.error('a step names an action', path)
    if (names.length > 1)
      throw this.#document.error(`a step has one action, not ${names.join(' and ')}`, path, names[1])
    const action = this.#action(name, path)
    const { lasts, given } = this.#lasting(action, step[name], [...path, name])
    const value = given ?? {}
    this.#check(action.params, value, [...path, name])
    if (inShellText((value as { command?: unknown }).command))
      throw this.#document.error(
        'a field of an alert must not be part of what a shell reads as commands: hand it over as an argument of its own behind the text ("$0", "$1", …)',
        [...path, name, 'command'],
      )
    const when = step.when
    if (when !== undefined && typeof when !== 'string')
      throw this.#document.error('when must be a string', [...path, 'when'])
    return {
      action,
      given: value,
      ...(when !== undefined && { when }),
      holds: when === undefined ? () => true : this.#condition(when, [...path, 'when']),
      params: this.#params(action.params, value, [...path, name]),
      ...(lasts !== undefined && { lasts }),
    }
  }

  #action(name: string, path: Path): Action {
    const { actions } = this.#loading
    const action = actions.find(one => one.name === name)
    if (action) return action
    const names = actions.map(one => one.name)
    const meant = nearest(name, names)
    const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`
    throw this.#document.error(`no action is called ${name}: ${hint}`, path, name)
  }

  /** `for` is of every action that can be undone. */
  #lasting(action: Action, value: unknown, path: Path): { lasts?: number; given: unknown } {
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      !('for' in value) ||
      action.params.properties?.for
    )
      return { given: value }
    const { for: text, ...given } = value
    if (!action.undo) throw this.#document.error(`${action.name} cannot be undone`, path, 'for')
    const lasts = typeof text === 'string' ? parseDuration(text) : undefined
    if (lasts === undefined || lasts < 1000 || lasts > 400 * 86_400_000)
      throw this.#document.error('for must be a duration from 1s to 400d', [...path, 'for'])
    return { lasts, given }
  }

  #check(schema: Schema, value: unknown, path: Path): void {
    const [fault] = faultsOf(schema, value)
    if (fault) throw this.#document.error(fault.reason, [...path, ...fault.path], fault.key)
  }

  #condition(text: string, path: Path): (alert: AlertData) => boolean {
    const condition = this.#compiled(text, path, () => compileCondition(text, this.#loading.source))
    return alert => condition.test(alert)
  }

  #compiled<T>(text: string, path: Path, compile: () => T): T {
    try {
      return compile()
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error
      throw this.#document.errorWithin(error.message, path, error.span.offset, Math.min(error.span.length, text.length))
    }
  }

  /** Compiles the templates of parameters. */
  #params(schema: Schema, value: unknown, path: Path): (alert: AlertData) => unknown {
    const templates = new Map<string, (alert: AlertData) => string>()
    const { source } = this.#loading
    mapTexts(schema, value, (text, format) => {
      if (format === 'duration' || !text.includes('%')) return text
      const key = `${format} ${text}`
      const compile = format === 'template' ? () => compileOutput(text, source) : () => needing(text, source)
      templates.set(key, this.#compiled(text, path, compile))
      return text
    })
    if (templates.size === 0) return () => value
    return alert => mapTexts(schema, value, (text, format) => templates.get(`${format} ${text}`)?.(alert) ?? text)
  }
}

/** Programs that execute a text as commands, with the options that precede it. */
const SHELLS = /(^|\/)(sh|ash|bash|dash|ksh|zsh|fish|busybox|python[\d.]*|perl|ruby|node|php|lua[\d.]*)$/
const TEXT = /^(-\w*[ce]|--eval|--command)$/

/** Otherwise the name of a process could choose what is run. */
function inShellText(command: unknown): boolean {
  if (!Array.isArray(command)) return false
  const words = command.map(String)
  const shell = words.findIndex(word => SHELLS.test(word))
  if (shell < 0) return false
  for (let i = shell + 1; i < words.length; i++) {
    if (!TEXT.test(words[i]!)) continue
    const [next = '', ...others] = words.slice(i + 1)
    const text = isOption(next) ? others.find(word => !isOption(word)) : next
    if (next.includes('%') || text?.includes('%')) return true
    // Options may stand between: `bash -e -o pipefail -c TEXT`, `bash -c -e TEXT`.
    if (!isOption(next)) return false
  }
  return false
}

const isOption = (word: string) => /^[-+]/.test(word)

/** A template whose fields must be there. */
function needing(text: string, source: Source<AlertData>): (alert: AlertData) => string {
  let absent = false
  const template = compileOutput(text, source, value => {
    absent ||= value === '<NA>'
    return value
  })
  return alert => {
    absent = false
    const rendered = template(alert)
    if (absent || rendered.includes('<NA>')) throw new Refusal(`a field of "${text}" is absent`)
    if (rendered.includes('\0')) throw new Refusal(`a field of "${text}" has a NUL`)
    return rendered
  }
}

function limitOf(text: string): Limit {
  const [count, per] = text.split('/') as [string, string]
  return { count: Number(count), per: parseDuration(per)! }
}
