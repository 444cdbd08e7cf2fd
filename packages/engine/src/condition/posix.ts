/** Perl's classes, which POSIX syntax does not have. */
const CLASSES: Readonly<Record<string, string>> = {
  s: '[[:space:]]',
  S: '[^[:space:]]',
  d: '[0-9]',
  D: '[^0-9]',
  w: '[0-9A-Za-z_]',
  W: '[^0-9A-Za-z_]',
}

/** What to write instead of an escape such as `\s` in a regular expression; empty when there is nothing to say. */
export function posixHint(letter: string): string {
  const instead = CLASSES[letter]
  return instead === undefined ? '' : `: regular expressions are POSIX and have no \\${letter}, write ${instead}`
}
