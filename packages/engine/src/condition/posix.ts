/** Perl's classes, which POSIX syntax does not have. */
const CLASSES: Readonly<Record<string, string>> = {
  s: '[[:space:]]',
  S: '[^[:space:]]',
  d: '[0-9]',
  D: '[^0-9]',
  w: '[0-9A-Za-z_]',
  W: '[^0-9A-Za-z_]',
}

/** A hint for an escape such as `\s` in a regular expression, or the empty text. */
export function posixHint(letter: string): string {
  const instead = CLASSES[letter]
  return instead === undefined
    ? ''
    : `: regular expressions use POSIX syntax, which has no \\${letter}: write ${instead}`
}
