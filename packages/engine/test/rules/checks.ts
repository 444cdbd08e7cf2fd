import { fieldsOf, walk } from '../../src/condition/walk.ts'
import type { Finding, RuleChecks } from '../../src/rules/rule.ts'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  syscall: [
    'evt.type',
    'evt.dir',
    'evt.arg',
    'proc.name',
    'proc.pname',
    'proc.aname',
    'proc.cmdline',
    'proc.args',
    'proc.tty',
    'fd.name',
    'fd.num',
    'user.name',
  ],
  k8s_audit: ['ka.verb', 'ka.target.name', 'jevt.value'],
}

/** What the rooms above would say, as far as these tests need it: two sources with a few fields. */
export const checks: RuleChecks = {
  hasSource: name => name in FIELDS,
  isField: (source, name) => FIELDS[source]!.includes(name),
  compile(rule) {
    const errors: Finding[] = []
    const known = FIELDS[rule.source]!
    walk(rule.condition, node => {
      if (node.kind !== 'check') return
      for (const { name, span } of fieldsOf(node)) {
        if (known.includes(name)) continue
        const message = `filter_check called with nonexistent field ${name}`
        errors.push({ code: 'LOAD_ERR_COMPILE_CONDITION', part: 'condition', message, span: span!, place: node.place! })
      }
    })
    for (const { 0: token, 1: name, index } of rule.output.matchAll(/%([a-z]\w*(?:\.\w+)+)/g)) {
      if (known.includes(name!)) continue
      const span = { offset: index, line: 1, column: index + 1, length: token.length }
      errors.push({ code: 'LOAD_ERR_COMPILE_OUTPUT', part: 'output', message: `unknown filter: ${name}`, span })
    }
    return { errors, warnings: [] }
  },
}
