import { ConditionError, compileCondition, printCondition } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { conditionError } from '../condition-error.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { findRule } from '../rules/find-rule.ts'
import { engineOptions } from '../rules/options.ts'
import { configPath } from '../run/loader.ts'
import { loadSource, loadSources } from '../sources/load.ts'

export const disasm = defineCommand({
  name: 'disasm',
  usage: '-r PATH… --rule NAME | [--source SOURCE] CONDITION',
  summary: 'Show the bytecode of a rule or condition, or the JavaScript that the JIT generates',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules file or folder, in order' },
    rule: { value: 'NAME', help: 'The rule to show' },
    source: { value: 'SOURCE', help: 'Event source of the condition (default: syscall)' },
    js: { help: 'Print the JavaScript that the JIT generates' },
    config: { short: 'c', value: 'FILE', help: 'Configuration' },
  },
  async run({ rules, rule, source = 'syscall', js, config }, [condition, extra]) {
    if (extra !== undefined) throw new CliError('the condition must be one argument: put it in quotes')
    if (rule !== undefined && condition === undefined) {
      const found = await ruleOf(rule, rules, config)
      print(await listing(printCondition(found.condition), found.source, js))
    } else if (condition !== undefined && rule === undefined) print(await listing(condition, source, js))
    else throw new CliError('disasm needs either --rule or a condition (see falc disasm --help)')
    return 0
  },
})

async function listing(condition: string, source: string, js: boolean): Promise<string> {
  try {
    const compiled = compileCondition(condition, await loadSource(source))
    return js ? compiled.javascript() : compiled.disassemble()
  } catch (error) {
    if (error instanceof ConditionError) throw conditionError(error, condition)
    throw error
  }
}

async function ruleOf(name: string, paths: readonly string[], config: string | undefined) {
  if (paths.length === 0) throw new CliError('--rule needs rules files: -r PATH')
  const options = engineOptions(loadConfig(configPath(config), []))
  const { report } = loadEngine(options, { sources: await loadSources() }, readRules(paths))
  return findRule(report.rules, name, paths.join(', '))
}
