import { isoTime } from '../fields/time.ts'
import { ByteSink } from '../text/byte-sink.ts'
import { bytesToText } from '../text/encoding.ts'
import type { AlertData } from './alert.ts'
import { byCodePoint, escapeLine, quoteJson } from './json.ts'
import { printAbsences, printConditionFields, printField } from './line.ts'
import { type JsonOptions, printsMessage } from './object.ts'
import { RuleAlert, weightOf } from './rule-alert.ts'

/** A line of text output as Falco prints it: the output, escaped like the inside of a JSON string. No line break at the end. */
export function alertText(alert: AlertData): string {
  return alert instanceof RuleAlert ? lineOf(alert) : escapeLine(alert.output)
}

const ALL: JsonOptions = {}

/**
 * An alert as Falco prints it in JSON: one line without a line break at the end, keys sorted, integers exact. This is `alertObject`
 * printed, without the object.
 */
export function alertJson(alert: AlertData, include: JsonOptions = ALL): string {
  if (alert instanceof RuleAlert) return lineOf(alert, include)
  const { count, firstTime, hostname, lastTime } = alert
  let text = '{'
  if (include.condition_fields === true) text += printConditionFields(alert.condition_fields)
  if (count !== undefined) text += `"count":${count},`
  if (firstTime !== undefined) text += `"first_time":"${isoTime(firstTime)}",`
  if (hostname !== undefined) text += `"hostname":${quoteName(hostname)},`
  if (include.id === true) text += `"id":${quoteJson(alert.id)},`
  if (lastTime !== undefined) text += `"last_time":"${isoTime(lastTime)}",`
  if (printsMessage(alert, include)) text += `"message":${quoteJson(alert.message)},`
  if (include.output !== false) text += `"output":${quoteJson(alert.output)},`
  if (include.output_fields !== false) text += `"output_fields":${printFields(alert)},`
  if (include.absences === true) text += printAbsences(alert.absences)
  text += `"priority":"${alert.priority}","rule":${quoteName(alert.rule)},"source":${quoteName(alert.source)},`
  if (include.tags !== false) text += `"tags":${printTags(alert.tags)},`
  return `${text}"time":"${isoTime(alert.time)}"}`
}

/** Appends what `alertJson` returns, in UTF-8, without making it a text first. */
export function writeAlertJson(alert: AlertData, sink: ByteSink, include: JsonOptions = ALL): void {
  if (alert instanceof RuleAlert) alert.write(sink, include)
  else sink.text(alertJson(alert, include))
}

/** Appends what `alertText` returns, in UTF-8. */
export function writeAlertText(alert: AlertData, sink: ByteSink): void {
  if (alert instanceof RuleAlert) alert.write(sink)
  else sink.escaped(alert.output)
}

/** Memory that an alert takes, roughly, in bytes: texts that were not printed yet are not counted. */
export function alertSize(alert: AlertData): number {
  if (alert instanceof RuleAlert) return 1024 + 2 * alert.weight
  const { output, message, rule, output_fields } = alert
  return 1024 + 2 * (output.length + message.length + rule.length + weightOf(Object.values(output_fields)))
}

const scratch = new ByteSink()

function lineOf(alert: RuleAlert, include?: JsonOptions): string {
  scratch.clear()
  alert.write(scratch, include)
  return bytesToText(scratch.written)
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
    // The senders of a relay choose names, so these are not kept.
    if (NAMES.size >= MAX_NAMES) NAMES.clear()
    NAMES.set(name, quoted)
  }
  return quoted
}
