import type { Check } from './check.ts'
import { negatedAbsent } from './checks/absence.ts'
import { alwaysFalse, alwaysTrue, deadBranch, eventTypeWithoutField, noEffect } from './checks/contradiction.ts'
import { exceptionNeverApplies, exceptionSwallows } from './checks/exceptions.ts'
import { coveringAlternatives, looseAlternative, olderCall } from './checks/grouping.ts'
import { outputLacks, priorityForm, unknownTag } from './checks/metadata.ts'
import { fieldAsText, fieldRunsOn } from './checks/outputs.ts'
import { pathPattern } from './checks/paths.ts'
import { duplicateRule, shadowedRule } from './checks/shadowing.ts'
import { edgeBlank, impossibleValue, patternAsText, quotedList, typographicCharacter } from './checks/texts.ts'
import { costlyPattern, duplicateItem, nameTooLong, numberOutOfRange } from './checks/values.ts'

/** Every check. docs/lint has a page for each. */
export const CHECKS: readonly Check[] = [
  alwaysFalse,
  alwaysTrue,
  costlyPattern,
  coveringAlternatives,
  deadBranch,
  duplicateItem,
  duplicateRule,
  edgeBlank,
  eventTypeWithoutField,
  exceptionNeverApplies,
  exceptionSwallows,
  fieldAsText,
  fieldRunsOn,
  impossibleValue,
  looseAlternative,
  nameTooLong,
  negatedAbsent,
  noEffect,
  numberOutOfRange,
  olderCall,
  outputLacks,
  pathPattern,
  patternAsText,
  priorityForm,
  quotedList,
  shadowedRule,
  typographicCharacter,
  unknownTag,
]
