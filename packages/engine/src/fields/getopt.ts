/** One option that was found. */
export interface FoundOption {
  /** Its letter; undefined for one that the specification does not name. */
  readonly letter: string | undefined
  /** The result of `getopt(…)[letter]`: the option's value, '' when it is missing, the letter itself for an option that takes none. */
  readonly value: string
  /** What the option adds to the list: its letter and its value; '' alone when the value is missing; `?` for an unknown one. */
  readonly listed: readonly string[]
}

/**
 * Options in a list of arguments, as Falco's getopt finds them: letters after one dash. A letter followed by `:` in `spec` takes the rest
 * of its argument, or the next argument, as its value. The first argument that is not an option ends the search, as does `--`. Long options
 * (`--exec`) are skipped.
 */
export function getopt(args: readonly string[], spec: string): FoundOption[] {
  const found: FoundOption[] = []
  const takesValue = lettersOf(spec)
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (!arg.startsWith('-') || arg === '-' || arg === '--') break
    if (arg.startsWith('--')) continue
    const chars = Array.from(arg)
    for (let c = 1; c < chars.length; c++) {
      const letter = chars[c]!
      const withValue = takesValue.get(letter)
      if (withValue === undefined) found.push({ letter: undefined, value: '', listed: ['?'] })
      else if (!withValue) found.push({ letter, value: letter, listed: [letter] })
      else {
        const rest = chars.slice(c + 1).join('')
        const value = rest === '' ? args[++i] : rest
        found.push(
          value === undefined ? { letter, value: '', listed: [''] } : { letter, value, listed: [letter, value] },
        )
        break
      }
    }
  }
  return found
}

/** Whether each letter of a specification takes a value. A `:` at the start changes nothing. */
function lettersOf(spec: string): Map<string, boolean> {
  const letters = new Map<string, boolean>()
  for (const [, letter, colon] of spec.replace(/^:/, '').matchAll(/([^:])(:?)/gu))
    letters.set(letter!, colon === ':' || letters.get(letter!) === true)
  return letters
}

/** The value of a letter: that of its last occurrence; undefined when it does not occur. */
export function optionOf(found: readonly FoundOption[], letter: string): string | undefined {
  return found.findLast(option => option.letter === letter)?.value
}
