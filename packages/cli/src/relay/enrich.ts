import type { AlertData } from '@falc/engine'
import { CliError } from '../fail.ts'
import { goTemplate, TemplateError } from './go-template.ts'
import type { SidekickConfig } from './sidekick/config.ts'
import { list } from './sidekick/key.ts'

/** Changes an alert before any output sees it. */
export type Enrich = (alert: AlertData) => AlertData

/**
 * Applies falcosidekick's changes to each alert: custom fields, custom tags, templated fields, brackets in names, and the form of the
 * output. The id stays.
 * @throws {CliError} for a template that is malformed
 */
export function enricher(config: SidekickConfig): Enrich {
  const fields = Object.entries(config.map('customfields'))
  const tags = list(config.text('customtags'))
  const templated = Object.entries(config.map('templatedfields')).map(
    ([name, text]) => [name, compiled(text, `templatedfields: ${name}`)] as const,
  )
  const replacer = config.text('bracketreplacer')
  const format = config.text('outputfieldformat')
  if (fields.length + tags.length + templated.length === 0 && replacer === '' && format === '') return alert => alert
  return alert => {
    const values = { ...alert.output_fields, ...Object.fromEntries(fields) }
    const made = templated.map(([name, template]) => [name, template(values)] as const)
    const all = Object.entries({ ...values, ...Object.fromEntries(made) })
    const output_fields = Object.fromEntries(all.map(([name, value]) => [renamed(name, replacer), value]))
    const alike = { ...alert, output_fields, tags: [...new Set([...alert.tags, ...tags])].sort() }
    return format === '' ? alike : { ...alike, output: worded(format, alike, fields, made) }
  }
}

/** @throws {CliError} */
export function compiled(text: string, what: string): (data: unknown) => string {
  try {
    return goTemplate(text)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new CliError(`${what}: ${error.message}`)
  }
}

function renamed(name: string, replacer: string): string {
  return replacer === '' ? name : name.replaceAll(']', '').replaceAll('[', replacer)
}

type Pairs = readonly (readonly [string, string])[]

function worded(format: string, alert: AlertData, fields: Pairs, templated: Pairs): string {
  const time = /^\S+(?=: )/.exec(alert.output)?.[0] ?? ''
  const shown = (pairs: Pairs) => pairs.map(([name, value]) => `${name}=${value}`).join(' ')
  const tokens: Readonly<Record<string, string>> = {
    timestamp: time,
    priority: alert.priority,
    output: alert.message,
    custom_fields: shown(fields),
    templated_fields: shown(templated),
    tags: alert.tags.join(','),
  }
  const text = format.replace(/<(\w+)>/g, (whole, name: string) =>
    Object.hasOwn(tokens, name) ? tokens[name]! : whole,
  )
  // A regular expression for blanks at the end takes quadratic time for blanks that are not, and a sender chooses those.
  let end = text.length
  while (text[end - 1] === ' ') end--
  return text.slice(0, end)
}

/** An alert as Go templates see it, with falcosidekick's names. */
export function goData(alert: AlertData): Readonly<Record<string, unknown>> {
  return {
    UUID: alert.id,
    Rule: alert.rule,
    Priority: alert.priority,
    Output: alert.output,
    Source: alert.source,
    Hostname: alert.hostname ?? '',
    Tags: alert.tags,
    Time: new Date(Number(alert.time / 1_000_000n)).toISOString(),
    OutputFields: alert.output_fields,
  }
}
