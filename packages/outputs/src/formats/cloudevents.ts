import { type AlertData, alertJson, isoTime, printJson } from '@falc/engine'
import type { Format } from '../model/format.ts'
import { fieldText } from '../text/alert-fields.ts'

/** The maximum length of an extension, since servers limit the size of headers. */
const MAX_EXTENSION = 256

export interface CloudEventOptions {
  /** The attribute `source`. Default: `/falc/` and the host name. */
  readonly source?: string | undefined
  /** Of alerts without one. */
  readonly hostname?: string
  /** Shortens an extension. */
  readonly cut?: (text: string, limit: number) => string
}

/** The context attributes of CloudEvents 1.0, in falcosidekick's names. Attributes may be neither empty nor of several lines. */
export function cloudEventAttributes(
  alert: AlertData,
  options: CloudEventOptions = {},
): Readonly<Record<string, string>> {
  const { source, hostname: own = '', cut = (text, limit) => text.slice(0, limit).toWellFormed() } = options
  const { id, priority, rule, hostname = own } = alert
  const extensions = Object.entries({ priority, rule, eventsource: alert.source, hostname })
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, cut(fieldText(value), MAX_EXTENSION)] as const)
  const shown: Readonly<Record<string, string>> = Object.fromEntries(extensions)
  return {
    specversion: '1.0',
    id,
    source: source ?? `/falc/${encodeURIComponent(shown.hostname ?? own)}`,
    type: 'falco.rule.output.v1',
    time: isoTime(alert.time),
    ...shown,
  }
}

/**
 * An event in the structured mode.
 * @param data the alert as text
 */
export function cloudEvent(attributes: Readonly<Record<string, string>>, contentType: string, data: string): string {
  // The alert stays the text that it is: as JSON where it is JSON.
  const json = /[/+]json\b/.test(contentType) ? data : printJson(data)
  return `${printJson({ ...attributes, datacontenttype: contentType }).slice(0, -1)},"data":${json}}`
}

export const cloudevents: Format = {
  contentType: 'application/cloudevents+json',
  print: alert => cloudEvent(cloudEventAttributes(alert), 'application/json', alertJson(alert)),
}
