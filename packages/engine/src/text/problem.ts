/** Problems of rules files as data: codes, places, messages. Names and wording are Falco's (falco_load_result). */

/** What a code means: Falco prints the short text after the code; the long text explains it. */
export interface CodeInfo {
  readonly severity: 'error' | 'warning'
  readonly short: string
  readonly long: string
  /** A warning that Falco does not have. */
  readonly own?: true
}

export const CODES = {
  LOAD_ERR_FILE_READ: { severity: 'error', short: 'File read error', long: 'The rules file could not be read.' },
  LOAD_ERR_YAML_PARSE: { severity: 'error', short: 'YAML parse error', long: 'The rules file is not valid YAML.' },
  LOAD_ERR_YAML_VALIDATE: {
    severity: 'error',
    short: 'Error validating internal structure of YAML file',
    long: 'The file is valid YAML, but a value or a key in it is not allowed there.',
  },
  LOAD_ERR_COMPILE_CONDITION: {
    severity: 'error',
    short: 'Error compiling condition',
    long: 'A condition cannot be parsed, or a field, operator or value in it is not valid.',
  },
  LOAD_ERR_COMPILE_OUTPUT: {
    severity: 'error',
    short: 'Error compiling output',
    long: 'An output template names a field that the source does not have, or is malformed.',
  },
  LOAD_ERR_VALIDATE: {
    severity: 'error',
    short: 'Error validating rule/macro/list/exception objects',
    long: 'An item is well formed, but refers to an item that does not exist, or contradicts another item.',
  },
  LOAD_ERR_EXTENSION: {
    severity: 'error',
    short: 'Error in extension item',
    long: 'A program that embeds the engine rejected an extension item.',
  },
  LOAD_UNKNOWN_SOURCE: {
    severity: 'warning',
    short: 'Unknown event source',
    long: 'No event source of that name is loaded: the rule is skipped.',
  },
  LOAD_UNSAFE_NA_CHECK: {
    severity: 'warning',
    short: 'Unsafe <NA> comparison in condition',
    long: 'A ka.* or jevt.* field is compared with <NA>. An absent field is not equal to anything: use the exists operator.',
  },
  LOAD_NO_EVTTYPE: {
    severity: 'warning',
    short: 'Condition has no event-type restriction',
    long: 'The rule is evaluated for nearly every event type, which is slow: restrict evt.type.',
  },
  LOAD_UNKNOWN_FILTER: {
    severity: 'warning',
    short: 'Unknown field or event-type in condition or output',
    long: 'The rule has skip-if-unknown-filter and names an unknown field or event type: it is skipped.',
  },
  LOAD_UNUSED_MACRO: { severity: 'warning', short: 'Unused macro', long: 'No rule and no macro refers to it.' },
  LOAD_UNUSED_LIST: { severity: 'warning', short: 'Unused list', long: 'No rule, macro or list refers to it.' },
  LOAD_UNKNOWN_ITEM: {
    severity: 'warning',
    short: 'Unknown rules file item',
    long: 'The item is not a list, macro, rule or version requirement: it is ignored.',
  },
  LOAD_DEPRECATED_ITEM: {
    severity: 'warning',
    short: 'Used deprecated item',
    long: 'It still works, but a later version will drop it.',
  },
  LOAD_WARNING_EXTENSION: {
    severity: 'warning',
    short: 'Warning in extension item',
    long: 'A program that embeds the engine warns about an extension item.',
  },
  LOAD_APPEND_NO_VALUES: {
    severity: 'warning',
    short: 'Overriding/appending with no values',
    long: 'An exception is appended to or overridden without values: nothing changes.',
  },
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: {
    severity: 'warning',
    short: 'Multiple exceptions defined with the same name',
    long: 'Two exceptions of one rule have the same name, so appending to one of them is ambiguous.',
  },
  LOAD_INVALID_MACRO_NAME: {
    severity: 'warning',
    short: 'Invalid macro name',
    long: 'A condition cannot refer to a macro of this name: use letters, digits and _, and begin with a letter.',
  },
  LOAD_INVALID_LIST_NAME: {
    severity: 'warning',
    short: 'Invalid list name',
    long: 'The name of a list should not contain blanks, quotes, parentheses, commas or =.',
  },
  LOAD_COMPILE_CONDITION: {
    severity: 'warning',
    short: 'Warning in rule condition',
    long: 'The condition is valid, but probably does not mean what was intended, or can use a faster operator.',
  },
  LOAD_UNKNOWN_KEY: {
    severity: 'warning',
    short: 'Unknown key in item definition',
    long: 'This kind of item has no such key; it is ignored.',
  },
  LOAD_DUPLICATE_KEY: {
    severity: 'warning',
    short: 'Duplicate key in item definition',
    long: 'A key appears twice in one mapping; the first one is used and the other one ignored. Falco does not warn.',
    own: true,
  },
  LOAD_REDEFINED_ITEM: {
    severity: 'warning',
    short: 'Item defined twice in one file',
    long: 'A second definition without override replaces the first one. Falco does not warn.',
    own: true,
  },
  LOAD_UNDEFINED_LIST: {
    severity: 'warning',
    short: 'Undefined list',
    long: 'A value looks like the name of a list, but there is no such list, so it is compared as text. Falco does not warn.',
    own: true,
  },
} as const satisfies Record<string, CodeInfo>

export type ProblemCode = keyof typeof CODES

/** Falco's names for the parts of a rules file, outermost first in a problem's locations. */
export type ItemType =
  | 'value for'
  | 'exceptions'
  | 'exception'
  | 'exception values'
  | 'exception value'
  | 'rules content'
  | 'rules content item'
  | 'required_engine_version'
  | 'required plugin versions'
  | 'required plugin versions entry'
  | 'required plugin versions alternative'
  | 'list'
  | 'list item'
  | 'macro'
  | 'macro condition'
  | 'rule'
  | 'rule condition'
  | 'condition expression'
  | 'rule output'
  | 'rule output expression'
  | 'rule priority'
  | 'overrides'
  | 'extension item'

/** `line` and `column` count from 1 (Falco's from 0), `offset` counts UTF-16 units from 0. */
export interface Position {
  /** The file's name. */
  readonly name: string
  readonly line: number
  readonly column: number
  readonly offset: number
}

export interface Location {
  readonly item_type: ItemType
  readonly item_name: string
  readonly position: Position
  /** UTF-16 units from `position` to the item's end. */
  readonly length: number
}

/** One error or warning about the rules. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly code: ProblemCode
  readonly message: string
  /** From the file to the exact place. */
  readonly locations: readonly Location[]
  /** The line concerned, and a line with carets below it; empty if there is nothing to show. */
  readonly snippet: string
  /** The deprecated field that the warning is about. */
  readonly deprecated_field?: string
}
