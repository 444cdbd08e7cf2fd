/** Keys for the files of configuration and rules, and for the selection of rules. */
import type { RuleSelection } from '@falc/engine'
import { boolean, choice, converted, list, oneOrMore, priority, scalarOrMap, text } from '../kind.ts'
import { key, section } from '../section.ts'

const INCLUDED = section(
  {
    path: key(text, '', 'The file or folder.'),
    strategy: key(choice('append', 'override', 'add-only'), 'append', 'How its keys are merged.'),
  },
  { required: ['path'] },
)

const SELECTED = section({
  rule: key(text, '', 'Name of the rules, with `*`.'),
  tag: key(text, '', 'A tag of the rules.'),
})

const selection = converted(section({ enable: SELECTED, disable: SELECTED }), (item, fail): RuleSelection => {
  const op = (['enable', 'disable'] as const).find(one => item[one].rule !== '' || item[one].tag !== '')
  if (op === undefined) return fail('an item of rules needs enable or disable, with rule: NAME, tag: NAME, or both')
  const { rule, tag } = item[op]
  return { op, ...(rule && { rule }), ...(tag && { tag }) }
})

export const RULES_KEYS = {
  config_files: key(
    oneOrMore(scalarOrMap(text, INCLUDED)),
    [],
    'Files and folders merged after this file: see [Files, options, variables](#files-options-variables).',
  ),
  watch_config_files: key(
    boolean,
    true,
    'Reload when a configuration or rules file changes ([cli.md](cli.md#run)). Captures are never reloaded.',
  ),
  rules_files: key(
    oneOrMore(text),
    [],
    'Rules files and folders, in order of loading. `-r` replaces them. Missing ones are skipped with a warning.',
  ),
  rule_files: key(oneOrMore(text), [], 'Old name of `rules_files`, used when that is empty.'),
  rules_file: key(oneOrMore(text), [], 'Old name of `rules_files`, used when the other two are empty. Deprecated.'),
  rules: key(
    list(selection),
    [],
    'Items `enable:` or `disable:` with `rule` (may contain `*`) and `tag`. The last item that matches a rule wins.',
  ),
  priority: key(priority, 'Debug', 'Rules less severe than this are not loaded.'),
  rule_matching: key(
    choice('first', 'all'),
    'first',
    '`first`: only the first rule that matches an event raises an alert. `all`: every matching rule does.',
  ),
  load_warnings: key(
    choice('all', 'falco'),
    'all',
    "`falco`: only those warnings about rules that Falco has as well ([differences.md](differences.md)). falc's own key.",
  ),
}
