/** Man pages and shell completions, from the tables that the command itself reads. */
import { COMMANDS } from '../../packages/cli/src/cli.ts'
import type { Command } from '../../packages/cli/src/command.ts'
import type { Flag } from '../../packages/cli/src/flags.ts'

const HELP: Flag = { short: 'h', help: 'Print the help of the command' }

const commands: readonly Command[] = await Promise.all(Object.values(COMMANDS).map(load => load()))

const flagsOf = (command: Command): [string, Flag][] =>
  Object.entries<Flag>({ ...command.flags, help: HELP }).filter(([, flag]) => flag.help !== undefined)

/** How a flag is typed. A one-letter name only declares a short flag. */
const spellings = ([name, { short }]: [string, Flag]): string[] => [
  ...(short ? [`-${short}`] : []),
  ...(name.length > 1 ? [`--${name}`] : []),
]

/** @returns texts by file name: falc.1, and one for each command */
export function manualPages(version: string, date: string): Map<string, string> {
  const pages = new Map([['falc.1', overview(version, date)]])
  for (const command of commands) pages.set(`falc-${command.name}.1`, page(command, version, date))
  return pages
}

const head = (name: string, version: string, date: string) =>
  `.TH "${name.toUpperCase()}" 1 "${date}" "falc ${version}" "User Commands"\n`

/** Text as roff: a backslash and a hyphen are themselves, and no line begins with a request. */
const roff = (text: string) =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(/\n+/g, '\n')

function page(command: Command, version: string, date: string): string {
  const name = `falc-${command.name}`
  const flags = flagsOf(command).map(entry => {
    const [, flag] = entry
    const value = flag.value
      ? flag.optionalValue
        ? `[=\\fI${roff(flag.value)}\\fR]`
        : ` \\fI${roff(flag.value)}\\fR`
      : ''
    return `.TP\n${spellings(entry)
      .map(word => `\\fB${roff(word)}\\fR${word.startsWith('--') || entry[0].length === 1 ? value : ''}`)
      .join(', ')}\n${roff(flag.help!)}\n`
  })
  return [
    head(name, version, date),
    `.SH NAME\n${roff(name)} \\- ${roff(firstLine(command.summary))}\n`,
    `.SH SYNOPSIS\n\\fBfalc ${roff(command.name)}\\fR ${roff(command.usage)}\n`,
    `.SH DESCRIPTION\n${roff(command.summary)}\n`,
    `.SH OPTIONS\n${flags.join('')}`,
    '.SH SEE ALSO\n\\fBfalc\\fR(1)\n',
  ].join('')
}

function overview(version: string, date: string): string {
  const list = commands.map(({ name, summary }) => `.TP\n\\fBfalc ${roff(name)}\\fR\n${roff(firstLine(summary))}\n`)
  return [
    head('falc', version, date),
    '.SH NAME\nfalc \\- runtime security: rules over system calls and Kubernetes audit events\n',
    '.SH SYNOPSIS\n\\fBfalc\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR]\n',
    '.SH DESCRIPTION\nWithout a command, flags are those of \\fBfalc run\\fR, as with Falco.\n',
    `.SH COMMANDS\n${list.join('')}`,
    '.SH FILES\n.TP\n\\fI/etc/falc/falco.yaml\\fR\nThe configuration of the service\n',
    '.TP\n\\fI/etc/falc/rules.d\\fR\nRules of the administrator\n',
    '.TP\n\\fI/usr/share/falc/rules\\fR\nRules of the package\n',
    '.TP\n\\fI/var/log/falc/alerts.log\\fR\nAlerts of the service\n',
    `.SH SEE ALSO\n${commands.map(({ name }) => `\\fBfalc\\-${roff(name)}\\fR(1)`).join(',\n')}\n`,
  ].join('')
}

const firstLine = (text: string) => text.split('\n')[0]!.replace(/\.$/, '')

/** Words are offered for commands and flags, files for everything else. */
export function bashCompletion(): string {
  const cases = commands.map(
    command => `    ${command.name}) words='${flagsOf(command).flatMap(spellings).join(' ')}' ;;\n`,
  )
  return `# bash completion of falc
_falc() {
  local words='' current="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ] && [ "\${current#-}" = "$current" ]; then
    mapfile -t COMPREPLY < <(compgen -W '${commands.map(({ name }) => name).join(' ')} help' -- "$current")
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('')}    help) words='${commands.map(({ name }) => name).join(' ')}' ;;
    -*) words='${flagsOf(named('run')).flatMap(spellings).join(' ')}' ;;
  esac
  case "$current:\${COMP_WORDS[1]}" in
    -*|*:help) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -o filenames -F _falc falc
`
}

function named(name: string): Command {
  return commands.find(command => command.name === name)!
}

/** Text inside single quotes of zsh's and fish's shell. */
const quoted = (text: string) => text.replace(/\n/g, ' ').replace(/'/g, '’')

export function zshCompletion(): string {
  const described = (entry: [string, Flag]) => {
    const [, flag] = entry
    const text = quoted(flag.help!).replace(/[[\]\\]/g, '\\$&')
    const value = flag.value ? `:${quoted(flag.value).replace(/:/g, '\\:')}:_files` : ''
    const star = flag.multiple ? '*' : ''
    return spellings(entry).map(word => {
      const glued = flag.value && word.startsWith('--') ? '=' : ''
      return ` '${star}${word}${glued}[${text}]${flag.optionalValue ? value.replace(':', '::') : value}'`
    })
  }
  const cases = commands.map(
    command => `    ${command.name}) _arguments${flagsOf(command).flatMap(described).join('')} '*:file:_files' ;;\n`,
  )
  return `#compdef falc
_falc() {
  local -a commands=(
${commands.map(({ name, summary }) => `    '${name}:${quoted(firstLine(summary))}'\n`).join('')}    'help:Print the help of a command'
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join('')}    help) _describe command commands ;;
  esac
}
_falc "$@"
`
}

export function fishCompletion(): string {
  const lines = commands.flatMap(command => [
    `complete -c falc -n __fish_use_subcommand -f -a ${command.name} -d '${quoted(firstLine(command.summary))}'`,
    ...flagsOf(command).map(([name, flag]) =>
      [
        `complete -c falc -n '__fish_seen_subcommand_from ${command.name}'`,
        ...(flag.short ? [`-s ${flag.short}`] : []),
        ...(name.length > 1 ? [`-l ${name}`] : []),
        ...(flag.value && !flag.optionalValue ? ['-r'] : []),
        `-d '${quoted(flag.help!)}'`,
      ].join(' '),
    ),
  ])
  return `# fish completion of falc\n${lines.join('\n')}\n`
}
