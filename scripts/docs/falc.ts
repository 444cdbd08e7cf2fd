/** Checks falc's command lines against the command's own tables of flags, and runs the command in this process. */
import { execFileSync } from 'node:child_process'
import { vi } from 'vitest'
import { runCli } from '../../packages/cli/src/cli.ts'
import { FALC } from '../testing/command.ts'

const pages = new Map<string, string>()

function help(command?: string): string {
  const args = [...FALC.slice(1), 'help', ...(command === undefined ? [] : [command])]
  const key = command ?? ''
  let page = pages.get(key)
  if (page === undefined) {
    page = execFileSync(process.execPath, args, { encoding: 'utf8' })
    pages.set(key, page)
  }
  return page
}

const COMMANDS = new Set([...help().matchAll(/^ {2}([a-z][\w-]*) +[A-Z]/gm)].map(([, name]) => name!))

/** The words of a command line up to a pipe or a comment, without quotes. */
function words(line: string): string[] {
  const found: string[] = []
  for (const [, single, double, bare, end] of line.matchAll(
    /'([^']*)'|"([^"]*)"|([^\s'"|&;>#)][^\s'"|&;>)]*)|([|&;>#)])/g,
  )) {
    if (end !== undefined) {
      // The number of a redirected stream.
      if (end === '>' && /^[12]$/.test(found.at(-1) ?? '')) found.pop()
      break
    }
    found.push((single ?? double ?? bare)!)
  }
  return found
}

/** What is wrong with the falc commands of a shell text: commands and flags that do not exist. */
export function wrongCommands(text: string): string[] {
  const commands = text
    .replaceAll('\\\n', ' ')
    .replace(/(^|\s)#.*$/gm, '')
    .replace(/ \[-[^\]\n]*\]/g, '')
  const calls = commands.matchAll(/(?:^|[\s;|&(`])(?:\.\/)?falc(?= )([^\n`]*)/g)
  return [...calls].flatMap(([, rest]) => {
    const [first = '', ...others] = words(rest!)
    if (first === 'help')
      return others[0] === undefined || /^[A-Z]/.test(others[0]) || COMMANDS.has(others[0])
        ? []
        : [`no command ${others[0]}`]
    const named = COMMANDS.has(first)
    if (!named && !first.startsWith('-')) return [`falc has no command '${first}'`]
    const command = named ? first : 'run'
    const known = new Set(help(command).match(/(?<![\w-])--?[A-Za-z][\w-]*/g))
    const given = named ? others : [first, ...others]
    const wrong = given
      .filter(word => /^--?[A-Za-z]/.test(word))
      .map(word => word.replace(/[=[].*/, ''))
      .filter(flag => !known.has(flag))
      .map(flag => `falc ${command} has no flag ${flag}`)
    return wrong.length > 0 || takesArguments(command)
      ? wrong
      : argumentsOf(command, given).map(word => `falc ${command} takes no argument: ${word}`)
  })
}

/** Whether the usage of a command has anything but flags. */
function takesArguments(command: string): boolean {
  const usage = /^Usage: falc \S+ (.*)$/m.exec(help(command))?.[1] ?? ''
  return /[a-zA-Z]/.test(usage.replace(/--?[a-zA-Z][\w-]*(?: [A-Z:]+)?/g, '').replaceAll('FLAGS', ''))
}

/** The words of a command line that are neither flags nor their values. */
function argumentsOf(command: string, given: readonly string[]): string[] {
  const lines = help(command).matchAll(/^ {2}(?:(-\w)(?: ([A-Z][^\s,]*))?)?(?:, )?(?:(--[\w-]+)(?: ([A-Z]\S*))?)?/gm)
  const valued = new Set([...lines].flatMap(([, short, a, long, b]) => (a || b ? [short, long].filter(Boolean) : [])))
  return given.filter((word, i) => !/^-./.test(word) && !valued.has(given[i - 1]))
}

/** What falc prints, run in this process: a process of its own for each block would take half of this file's time. */
export async function falcHere(folder: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  const before = { ...console }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      said[name] += text
      return true
    }),
  )
  // Each run listens to the errors of standard error.
  process.stderr.setMaxListeners(0)
  const back = process.cwd()
  process.chdir(folder)
  try {
    await runCli(args)
  } finally {
    process.chdir(back)
    for (const spy of spies) spy.mockRestore()
    Object.assign(console, before)
  }
  return said
}
