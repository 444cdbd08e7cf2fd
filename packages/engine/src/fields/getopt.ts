/** One option that was found. */
export interface FoundOption {
  /** The option's letter; `?` for one that the specification does not name. */
  readonly letter: string
  /** What asking for the letter gives: the value, the letter itself for an option without one, '' for a missing value. */
  readonly value: string
  /** What the option adds to the list: its letter and its value; '' alone for a missing value. */
  readonly listed: readonly string[]
}

/**
 * Options in a list of arguments, as getopt(3) in POSIX mode finds them: letters behind one dash, a letter with `:` in
 * `spec` takes the rest of its argument or the next one; the first argument that is no option ends the search, as does `--`.
 * A long option (`--exec`) is no letter of the specification.
 */
export function getopt(args: readonly string[], spec: string): FoundOption[] {
  const found: FoundOption[] = []
  const letters = spec.replace(/^[+-]?:?/, '')
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (!arg.startsWith('-') || arg === '-' || arg === '--') break
    if (arg.startsWith('--')) {
      found.push({ letter: '?', value: '?', listed: ['?'] })
      continue
    }
    const chars = Array.from(arg)
    for (let c = 1; c < chars.length; c++) {
      const letter = chars[c]!
      const at = letter === ':' ? -1 : letters.indexOf(letter)
      if (at < 0) {
        found.push({ letter: '?', value: '?', listed: ['?'] })
        continue
      }
      if (letters[at + letter.length] !== ':') {
        found.push({ letter, value: letter, listed: [letter] })
        continue
      }
      const inline = chars.slice(c + 1).join('')
      const value = inline !== '' ? inline : args[++i]
      found.push(value === undefined ? { letter, value: '', listed: [''] } : { letter, value, listed: [letter, value] })
      break
    }
  }
  return found
}

/** The value of a letter: of its last occurrence; undefined when it does not occur. */
export function optionOf(found: readonly FoundOption[], letter: string): string | undefined {
  return found.findLast(o => o.letter === letter)?.value
}
