import type { Check } from './check.ts'
import { negatedAbsent } from './checks/absence.ts'
import { alwaysFalse, alwaysTrue, deadBranch, eventTypeWithoutField, noEffect } from './checks/contradiction.ts'
import { exceptionNeverApplies, exceptionSwallows } from './checks/exceptions.ts'
import { outputLacks, priorityForm, unknownTag } from './checks/metadata.ts'
import { duplicateRule, shadowedRule } from './checks/shadowing.ts'
import { costlyPattern, duplicateItem, nameTooLong, numberOutOfRange } from './checks/values.ts'

/** Every check. docs/lint has a page for each. */
export const CHECKS: readonly Check[] = [
  alwaysFalse,
  alwaysTrue,
  costlyPattern,
  deadBranch,
  duplicateItem,
  duplicateRule,
  eventTypeWithoutField,
  exceptionNeverApplies,
  exceptionSwallows,
  nameTooLong,
  negatedAbsent,
  noEffect,
  numberOutOfRange,
  outputLacks,
  priorityForm,
  shadowedRule,
  unknownTag,
]
