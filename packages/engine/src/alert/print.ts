import { isoTime } from '../fields/time.ts'
import type { AlertData } from './alert.ts'
import { byCodePoint, escapeLine, quoteJson } from './json.ts'
import { printField } from './line.ts'
import { type JsonOptions, printsMessage } from './object.ts'
import { RuleAlert } from './rule-alert.ts'

/** A line of text output as Falco prints it: the output, escaped like the inside of a JSON string. No line break at the end. */
export function alertText(alert: AlertData): string {
  return alert instanceof RuleAlert ? alert.line() : escapeLine(alert.output)
}

const ALL: JsonOptions = {}

/**
 * An alert as Falco prints it in JSON: one line without a line break at the end, keys sorted, integers exact. This is `alertObject`
 * printed, without the object.
 */
export function alertJson(alert: AlertData, include: JsonOptions = ALL): string {
  if (alert instanceof RuleAlert) return alert.line(include)
  const { count, firstTime, hostname, lastTime } = alert
  let text = '{'
  if (count !== undefined) text += `"count":${count},`
  if (firstTime !== undefined) text += `"first_time":"${isoTime(firstTime)}",`
  if (hostname !== undefined) text += `"hostname":${quoteName(hostname)},`
  if (include.id === true) text += `"id":${quoteJson(alert.id)},`
  if (lastTime !== undefined) text += `"last_time":"${isoTime(lastTime)}",`
  if (printsMessage(alert, include)) text += `"message":${quoteJson(alert.message)},`
  if (include.output !== false) text += `"output":${quoteJson(alert.output)},`
  if (include.output_fields !== false) text += `"output_fields":${printFields(alert)},`
  text += `"priority":"${alert.priority}","rule":${quoteName(alert.rule)},"source":${quoteName(alert.source)},`
  if (include.tags !== false) text += `"tags":${printTags(alert.tags)},`
  return `${text}"time":"${isoTime(alert.time)}"}`
}

function printFields({ output_fields, doubles }: AlertData): string {
  let text = ''
  for (const name of sorted(Object.keys(output_fields))) {
    const printed = printField(output_fields[name]!, doubles?.includes(name) === true)
    text += `${text === '' ? '' : ','}${quoteName(name)}:${printed}`
  }
  return `{${text}}`
}

/** Most alerts have their fields in order. */
function sorted(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) if (byCodePoint(names[i - 1]!, names[i]!) > 0) return names.sort(byCodePoint)
  return names
}

/** Tags are a rule's, the same list for all of its alerts. */
const TAGS = new WeakMap<readonly string[], string>()

function printTags(tags: readonly string[]): string {
  let printed = TAGS.get(tags)
  if (printed === undefined) {
    printed = `[${tags.map(quoteJson).join(',')}]`
    TAGS.set(tags, printed)
  }
  return printed
}

/** Names of rules, sources, hosts and fields, quoted: there are few. */
const NAMES = new Map<string, string>()
const MAX_NAMES = 4096
/** Longer ones are not kept. */
const MAX_NAME = 256

function quoteName(name: string): string {
  const known = NAMES.get(name)
  if (known !== undefined) return known
  const quoted = quoteJson(name)
  if (name.length <= MAX_NAME) {
    // Whoever sends alerts to a relay chooses names: these do not stay.
    if (NAMES.size >= MAX_NAMES) NAMES.clear()
    NAMES.set(name, quoted)
  }
  return quoted
}
