import { MODIFIERS, OPERATORS, type Operator } from '../../packages/engine/src/condition/operators.ts'
import { TRANSFORMERS, type Transformer, VAL } from '../../packages/engine/src/condition/transformers.ts'
import { LIST_TYPES } from '../../packages/engine/src/fields/types.ts'
import { table } from './markdown.ts'

const FORMS: Readonly<Record<Operator['form'], string>> = {
  unary: '',
  number: 'a number',
  string: 'a value; a list after a modifier',
  list: 'a list',
}

const SHAPES: Readonly<Record<Transformer['shape'], string>> = {
  each: 'a field or a transformer; of a list, each element',
  whole: 'a field or a transformer',
  texts: 'texts',
  'text-list': 'a text, a list',
  'list-text': 'a list, a text',
}

/** docs/language.md: the operators and transformers of conditions. */
export function languagePage(): string {
  const operators = Object.entries(OPERATORS).map(([name, operator]) => {
    const spellings = operator.alias === undefined ? [name] : [name, operator.alias]
    return [
      spellings.map(spelling => `\`${spelling}\``).join(', '),
      FORMS[operator.form] + (operator.fields ? '; `val(field)` or a transformer' : ''),
      operator.kinds.filter(kind => kind !== 'opaque').join(', ') + (operator.lists ? ', lists' : ''),
      operator.doc,
    ]
  })
  const transformers = Object.entries(TRANSFORMERS).map(([name, transformer]) => [
    `\`${name}\``,
    SHAPES[transformer.shape],
    transformer.kinds.join(', ') + (transformer.shape === 'whole' ? ', lists' : ''),
    transformer.doc,
  ])
  return [
    '# Operators and transformers',
    '_Generated from `packages/engine/src/condition` by `npm run generate`: do not edit._',
    'A check is `field operator value`. It is false when the field has no value. Checks are joined by `and`, `or`, `not` and parentheses.',
    '## Operators',
    table(['operator', 'right side', 'left side', 'meaning'], operators),
    `A modifier between an operator and a list says for how many of the values the operator must hold: ${MODIFIERS.map(m => `\`${m}\``).join(', ')} (exactly one, at least one, all).`,
    `Lists that can be compared are those of ${[...LIST_TYPES].join(', ')}; \`exists\` takes any field.`,
    '## Transformers',
    `A transformer may be on either side of an operator and inside another transformer. \`${VAL}(field)\`, on the right side only, is the value of that field. The result is absent when an argument is absent.`,
    table(['transformer', 'arguments', 'of', 'result'], transformers),
    '',
  ].join('\n\n')
}
