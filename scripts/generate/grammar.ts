import { MODIFIERS, spellings, TRANSFORMER_NAMES, VAL } from '../../packages/engine/src/analysis.ts'

/** An alternative of words or signs, the longest first. */
function any(words: readonly string[]): string {
  const escaped = words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return escaped.toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1)).join('|')
}

/** A key whose value, here and in the lines below that are indented further, is colored by `include`. */
function value(key: string, include: string) {
  const captures = {
    3: { name: 'entity.name.tag.yaml' },
    4: { name: 'punctuation.separator.key-value.mapping.yaml' },
    5: { name: 'keyword.control.flow.block-scalar.yaml' },
  }
  const block = `(${key})\\s*(:)(?:\\s+([>|][-+0-9]*))?(?=\\s|$)`
  const common = { beginCaptures: captures, patterns: [{ include }] }
  return [
    { begin: `^( +)()${block}`, while: '^(?=\\1\\s+\\S)|^(?=\\s*$)', ...common },
    { begin: `^( *)(- +)${block}`, while: '^(?=\\1 {3,}\\S)|^(?=\\s*$)', ...common },
  ]
}

/** The TextMate grammar that colors conditions and outputs inside YAML. */
export function grammar(): string {
  const words = spellings().filter(op => !/\W/.test(op))
  const signs = spellings().filter(op => /\W/.test(op))
  const field = '[a-zA-Z][a-zA-Z0-9_]*(?:\\.[a-zA-Z][a-zA-Z0-9_]*)+'
  const condition = [
    { name: 'string.quoted.double.falco', match: '"(?:[^"\\\\]|\\\\.)*"' },
    { name: 'string.quoted.single.falco', match: "'(?:[^'\\\\]|\\\\.)*'" },
    { name: 'keyword.operator.logical.falco', match: '(?<![\\w.-])(?:and|or|not)(?![\\w.-])' },
    {
      match: `(?<![\\w./-])(${any([VAL, ...TRANSFORMER_NAMES])})(?=\\()`,
      captures: { 1: { name: 'support.function.falco' } },
    },
    {
      match: `(?<![\\w./-])(${field})(?:(\\[)([^\\]]*)(\\]))?(?=[\\s=!<>,)]|$)`,
      captures: { 1: { name: 'variable.other.property.falco' }, 3: { name: 'variable.parameter.falco' } },
    },
    { name: 'keyword.operator.comparison.falco', match: `(?<![\\w.-])(?:${any(words)})(?![\\w.-])|${any(signs)}` },
    { name: 'keyword.operator.modifier.falco', match: `(?<![\\w.-])(?:${any(MODIFIERS)})(?=\\s)` },
    { name: 'constant.numeric.falco', match: '(?<![\\w./-])[+-]?\\d+(?:\\.\\d+)?(?![\\w./-])' },
  ]
  const output = [
    {
      match: `(%)(\\d*)((?:(?:${any(TRANSFORMER_NAMES)})\\()*)(${field})(\\[[^\\]]*\\])?`,
      captures: {
        1: { name: 'punctuation.definition.template-expression.falco' },
        3: { name: 'support.function.falco' },
        4: { name: 'variable.other.property.falco' },
        5: { name: 'variable.parameter.falco' },
      },
    },
  ]
  const file = {
    scopeName: 'falco.rules.injection',
    injectionSelector: 'L:source.yaml',
    patterns: [...value('condition', '#condition'), ...value('output', '#output')],
    repository: { condition: { patterns: condition }, output: { patterns: output } },
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
