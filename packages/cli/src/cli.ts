import { format } from 'node:util'
import { nearest } from '@falc/engine'
import { type Command, print, runCommand } from './command.ts'
import { ConfigError } from './config/error.ts'
import { CliError, plainMessage } from './fail.ts'
import { printable } from './printable.ts'
import { versionText } from './version.ts'

/** Loaded at the start, so that an error can be reported even when no more files can be opened. */
const EXPECTED = [CliError, ConfigError]

/** The commands, loaded on demand. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command<any>>>> = {
  run: async () => (await import('./commands/run.ts')).run,
  validate: async () => (await import('./commands/validate.ts')).validate,
  list: async () => (await import('./commands/list.ts')).list,
  print: async () => (await import('./commands/print.ts')).printEvents,
  test: async () => (await import('./commands/test.ts')).test,
  scene: async () => (await import('./commands/scene.ts')).scene,
  lint: async () => (await import('./commands/lint.ts')).lintRules,
  fmt: async () => (await import('./commands/fmt.ts')).formatRules,
  mutate: async () => (await import('./commands/mutate.ts')).mutate,
  lsp: async () => (await import('./commands/lsp.ts')).lsp,
  diff: async () => (await import('./commands/diff.ts')).diff,
  'profile-rules': async () => (await import('./commands/profile-rules.ts')).profileRules,
  docs: async () => (await import('./commands/docs.ts')).docs,
  explain: async () => (await import('./commands/explain.ts')).explain,
  capture: async () => (await import('./commands/capture.ts')).capture,
  record: async () => (await import('./commands/record.ts')).record,
  top: async () => (await import('./commands/top.ts')).top,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  support: async () => (await import('./commands/support.ts')).support,
  alerts: async () => (await import('./commands/alerts.ts')).alertsCommand,
  console: async () => (await import('./commands/console.ts')).consoleCommand,
  outputs: async () => (await import('./commands/outputs.ts')).outputs,
  'dead-letters': async () => (await import('./commands/dead-letters.ts')).deadLetters,
  relay: async () => (await import('./commands/relay.ts')).relay,
  respond: async () => (await import('./commands/respond.ts')).respond,
  rules: async () => (await import('./commands/rules.ts')).rulesCommand,
  collector: async () => (await import('./commands/collector.ts')).collector,
  admission: async () => (await import('./commands/admission.ts')).admission,
  disasm: async () => (await import('./commands/disasm.ts')).disasm,
}

/** The longest text of a library that is printed, in characters. */
const MAX_REMARK = 1000

/**
 * What a library prints for its developers. Alerts are on standard output, so it goes to standard error; and it may cite all that a
 * server has sent.
 */
function remark(...values: unknown[]): void {
  process.stderr.write(`${printable(format(...values).slice(0, MAX_REMARK), '\n\t')}\n`)
}

/**
 * The whole program. Flags without a command are those of `run`, so that `falc` can replace `falco`.
 * @returns the exit code
 */
export async function runCli(args: readonly string[]): Promise<number> {
  process.stderr.on('error', () => {})
  Object.assign(console, { log: remark, info: remark, debug: remark, warn: remark, error: remark })
  const [first, ...rest] = args
  try {
    if (first === undefined || first === 'help' || first === '-h' || first === '--help') return await help(rest)
    if (first === '--version' && rest.length === 0) {
      print(versionText(false))
      return 0
    }
    if (first.startsWith('-')) return await runCommand(await COMMANDS.run!(), args)
    const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
    if (!load) throw unknownCommand(first)
    return await runCommand(await load(), rest)
  } catch (error) {
    if (!EXPECTED.some(type => error instanceof type)) throw error
    process.stderr.write(`Error: ${printable(plainMessage((error as Error).message), '\n\t')}\n`)
    return 1
  }
}

function unknownCommand(name: string): CliError {
  const meant = nearest(name, Object.keys(COMMANDS))
  const hint = meant === undefined ? 'falc help lists the commands' : `did you mean ${meant}?`
  return new CliError(`unknown command "${name}" (${hint})`)
}

async function help([topic]: readonly string[]): Promise<number> {
  if (topic !== undefined && Object.hasOwn(COMMANDS, topic)) return runCommand(await COMMANDS[topic]!(), ['--help'])
  print('Usage: falc COMMAND [FLAGS]     (flags without a command: those of run)\n\n')
  for (const [name, load] of Object.entries(COMMANDS)) print(`  ${name.padEnd(14)} ${(await load()).summary}\n`)
  print('\nfalc help COMMAND shows the flags of a command.\n')
  return 0
}
