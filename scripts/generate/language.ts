import { MODIFIERS, OPERATORS, type Operator } from '../../packages/engine/src/condition/operators.ts'
import { TRANSFORMERS, type Transformer, VAL } from '../../packages/engine/src/condition/transformers.ts'
import { LIST_TYPES } from '../../packages/engine/src/fields/types.ts'
import { APPENDABLE, REPLACEABLE } from '../../packages/engine/src/rules/read-rule.ts'
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

const CONDITIONS = `\
A check is \`field operator value\`: \`proc.name = bash\`, \`fd.name startswith /etc\`, \`proc.name in (bash, sh)\`. \`not\` binds more tightly
than \`and\`, and \`and\` more tightly than \`or\`: \`a and b or c\` is \`(a and b) or c\`. A single name is a macro. In parentheses, the name of a
list stands for its items. A file may use macros and lists that it or an earlier file defines.

Put values with blanks, commas, parentheses or quotes in quotes: \`proc.cmdline contains "a, b"\`. Fields may have an argument:
\`proc.aname[2]\` is the grandparent's name, and \`evt.arg.flags\` a parameter of the event. [fields.md](fields.md) lists all fields.

## Absent fields

Most events lack most fields: a fork has no file, and a process on the host has no container image. A check of an absent field is false,
whatever its operator, so its negation is true:

| condition        | field absent | field is \`a\` | field is \`b\` |
| ---------------- | ------------ | ------------ | ------------ |
| \`field = a\`      | false        | true         | false        |
| \`field != a\`     | false        | false        | true         |
| \`not field = a\`  | true         | false        | true         |
| \`field exists\`   | false        | true         | true         |

So \`!=\` and \`not … =\` differ. \`not container.image.repository in (…)\` also holds on the host: [negated-absent](lint/negated-absent.md). Outputs
print an absent field as \`<NA>\`.`

const RULES = `\
## Regular expressions

\`regex\` must match the whole text; to search, write \`.*word.*\`. The syntax is RE2's for POSIX: \`[[:digit:]]\` and \`[[:space:]]\` instead of \`\\d\`
and \`\\s\`, which are errors. Matching takes linear time, whatever the pattern. A warning tells you when \`startswith\`, \`contains\` or \`glob\` would
do the same faster.

## Exceptions

An exception describes events for which a rule should not raise an alert. It names some fields, and has a row of values for each case. All
comparisons of a row must hold (\`comps\`, by default \`=\`):

\`\`\`yaml
- rule: Write Below Etc
  desc: A file below /etc was opened for writing
  condition: evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.name startswith /etc/
  output: File below /etc opened for writing (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: ERROR
  exceptions:
    - name: program_writes_files
      fields: [proc.exepath, fd.name]
      comps: [=, startswith]
      values:
        - [/usr/sbin/update-ca, /etc/ssl/]
        - [/usr/bin/vendor-agent, /etc/vendor/]
    - name: programs
      fields: proc.exepath
      comps: in
      values: [/usr/bin/dpkg, /usr/bin/rpm]
\`\`\`

This is \`… and not (proc.exepath = /usr/sbin/update-ca and fd.name startswith /etc/ssl/ or …) and not proc.exepath in (…)\`. With a single
field, \`fields\` is its name instead of a list, \`comps\` is \`in\` by default, and \`values\` are the items.

## Changing rules of other files

A later file changes an item by its name and \`override\`, which says for each key whether it is appended or replaced:

\`\`\`yaml
- list: package_managers
  items: [dpkg, rpm]
- rule: Package Manager in Container
  desc: A package manager was started in a container
  condition: evt.type = execve and container.id != host and proc.name in (package_managers)
  output: Package manager started (user=%user.name command=%proc.cmdline container=%container.name)
  priority: ERROR

# In a later file, such as falco_rules.local.yaml:
- list: package_managers
  items: [apk]
  override: {items: append}
- rule: Package Manager in Container
  condition: and not container.image.repository endswith /builder
  exceptions:
    - name: images
      fields: container.image.repository
      values: [registry.local/ci]
  priority: NOTICE
  override: {condition: append, exceptions: append, priority: replace}
\`\`\`

| item  | may be appended                                              | may be replaced                                                                                                                       |
| ----- | ------------------------------------------------------------ | ------------------------------------------------------------------------------------------------------------------------------------- |
| list  | \`items\`                                                      | \`items\`                                                                                                                               |
| macro | \`condition\`                                                  | \`condition\`                                                                                                                           |
| rule  | ${APPENDABLE.map(key => `\`${key}\``).join(', ')} | ${REPLACEABLE.map(key => `\`${key}\``).join(', ')} |

A condition is appended after a blank, so begin the appended text with \`and\` or \`or\`. If an exception of the same name exists, \`values\` are added to it. Without
\`override\`, a second definition replaces the first as a whole.`

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
    '# The rule language',
    '_Generated, in part from `packages/engine/src/condition`, by `npm run generate`: do not edit._',
    CONDITIONS,
    '## Operators',
    table(['operator', 'right side', 'left side', 'meaning'], operators),
    `A modifier between an operator and a list determines for how many of the values the operator must hold: ${MODIFIERS.map(m => `\`${m}\``).join(', ')} (exactly one, at least one, all).`,
    `Lists of ${[...LIST_TYPES].join(', ')} can be compared; \`exists\` accepts any field.`,
    '## Transformers',
    `A transformer may be on either side of an operator, and inside another transformer. \`${VAL}(field)\`, only on the right side, is the value of that field. If an argument is absent, so is the result.`,
    table(['transformer', 'arguments', 'of', 'result'], transformers),
    RULES,
    '',
  ].join('\n\n')
}
