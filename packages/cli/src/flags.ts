import { parseArgs } from 'node:util'
import { CliError } from './fail.ts'

/** One flag. `short` is a letter; a flag with `value` (its name in the help) takes one. */
export interface Flag {
  readonly short?: string
  readonly value?: string
  /** The flag may be repeated: its value is a list. */
  readonly multiple?: boolean
  /** The value may be omitted (`--list`, `--list=syscall`); it is the empty string then. */
  readonly optionalValue?: boolean
  /** Flags without help are hidden: they are Falco's, or earlier names of another flag. */
  readonly help?: string
}
export type Flags = Readonly<Record<string, Flag>>

type FlagValue<F extends Flag> = F extends { value: string }
  ? F extends { multiple: true }
    ? string[]
    : string | undefined
  : F extends { multiple: true }
    ? boolean[]
    : boolean
export type FlagValues<T extends Flags> = { readonly [K in keyof T]: FlagValue<T[K]> }

/** @param former flags of earlier releases, with their replacements @throws {CliError} on unknown flags and missing values */
export function parseFlags<T extends Flags>(
  command: string,
  flags: T,
  args: readonly string[],
  former: Readonly<Record<string, string>> = {},
): { values: FlagValues<T>; positionals: string[] } {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {}
  for (const [name, flag] of Object.entries(flags)) {
    options[name] = {
      type: flag.value ? 'string' : 'boolean',
      ...(flag.short && { short: flag.short }),
      ...(flag.multiple && { multiple: true }),
    }
  }
  const bare = new Set(Object.keys(flags).filter(name => flags[name]!.optionalValue))
  const end = args.indexOf('--')
  const spelled = args.map((arg, i) =>
    bare.has(arg.slice(2)) && arg.startsWith('--') && (end < 0 || i < end) ? `${arg}=` : arg,
  )
  try {
    const { values, positionals } = parseArgs({ args: spelled, options, allowPositionals: true, strict: true })
    const all: Record<string, unknown> = {}
    for (const [name, flag] of Object.entries(flags)) {
      all[name] = values[name] ?? (flag.multiple ? [] : flag.value ? undefined : false)
    }
    return { values: all as FlagValues<T>, positionals }
  } catch (error) {
    const text = reason(error as NodeJS.ErrnoException)
    const name = /^unknown option '--?([^']+)'/.exec(text)?.[1]
    const advice = name !== undefined && Object.hasOwn(former, name) ? `: ${former[name]}` : ''
    throw new CliError(`${text}${advice} (see falc ${command} --help)`)
  }
}

/** Node's message without its advice on `--`. */
function reason(error: NodeJS.ErrnoException): string {
  const text = error.message
    .replace(/\. To specify.*$/s, '')
    .replace(/^Option '(-\w), --\S+( <value>)?'/, "Option '$1$2'")
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '').replace(/\n.*$/s, '')
}

/** The flags of a help text, one line each. */
export function flagLines(flags: Flags): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => flag.help)
    .map(([name, flag]) => {
      const long = `--${name}${flag.optionalValue ? `[=${flag.value}]` : flag.value && !flag.short ? ` ${flag.value}` : ''}`
      const short = flag.short ? `-${flag.short}${flag.value ? ` ${flag.value}` : ''}` : ''
      // A one-letter name is only a way to declare a short flag.
      return [[short, name.length > 1 ? long : ''].filter(Boolean).join(', '), flag.help!] as const
    })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}
