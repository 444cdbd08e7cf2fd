import { PRIORITIES } from '@falc/engine'

export interface KeyDoc {
  readonly doc: string
  /** What is inserted behind the colon; `$0` is where the cursor goes. */
  readonly value?: string
}

const OVERRIDE: KeyDoc = {
  doc: 'How this item changes the one of its name: `append` or `replace` for each key that it gives.',
}

/** The keys of items, in the order in which they are usually written. */
export const KEYS: Readonly<
  Record<'rule' | 'macro' | 'list' | 'exceptions' | 'top', Readonly<Record<string, KeyDoc>>>
> = {
  top: {
    rule: { doc: 'A rule: events that match its condition raise an alert.' },
    macro: { doc: 'A part of conditions with a name.' },
    list: { doc: 'Values with a name, for `in (…)` and its kin.' },
    required_engine_version: { doc: 'The oldest engine that can load this file.' },
    required_plugin_versions: { doc: 'Plugins that this file needs, with versions.' },
  },
  rule: {
    rule: { doc: 'Its name, which must be unique.' },
    desc: { doc: 'What it detects, for people.' },
    condition: { doc: 'The events that raise the alert.', value: '>\n$0' },
    exceptions: { doc: 'Combinations of values that raise no alert.' },
    output: { doc: 'The text of the alert. `%proc.name` stands for the value of a field.', value: '>\n$0' },
    priority: { doc: `How severe it is: ${PRIORITIES.join(', ')}.` },
    source: { doc: 'The source of its events. Default: `syscall`.' },
    tags: { doc: 'Words to select rules by, among them tactics and techniques of MITRE ATT&CK.', value: '[$0]' },
    enabled: { doc: '`false`: the rule is loaded but raises no alerts.' },
    capture: { doc: '`true`: an alert starts a capture.' },
    capture_duration: { doc: 'Milliseconds of the capture.' },
    warn_evttypes: { doc: '`false`: no warning when the condition names no event type.' },
    'skip-if-unknown-filter': {
      doc: '`true`: a condition with an unknown field skips the rule; otherwise it is an error.',
    },
    append: { doc: 'Deprecated: use `override`.' },
    override: OVERRIDE,
  },
  macro: {
    macro: { doc: 'Its name: letters, digits and `_`.' },
    condition: { doc: 'What the name stands for.' },
    append: { doc: 'Deprecated: use `override: {condition: append}`.' },
    override: OVERRIDE,
  },
  list: {
    list: { doc: 'Its name.' },
    items: { doc: 'Values, and names of other lists.', value: '[$0]' },
    append: { doc: 'Deprecated: use `override: {items: append}`.' },
    override: OVERRIDE,
  },
  exceptions: {
    name: { doc: 'Its name, by which other files add values.' },
    fields: { doc: 'A field, or a list of fields.', value: '[$0]' },
    comps: { doc: 'The operator for each field. Default: `=`, or `in` for a single field.', value: '[$0]' },
    values: { doc: 'Lists of values, one for each field; the name of a list may stand for a value.' },
  },
}
