/** Perl's classes, which POSIX syntax does not have. */
const CLASSES: Readonly<Record<string, string>> = {
  s: '[[:space:]]',
  S: '[^[:space:]]',
  d: '[0-9]',
  D: '[^0-9]',
  w: '[0-9A-Za-z_]',
  W: '[^0-9A-Za-z_]',
}

/** A hint for what POSIX syntax does not have in a regular expression that was rejected, or the empty text. */
export function posixHint(pattern: string): string {
  if (pattern.includes('(?'))
    return ": regular expressions use POSIX syntax, which has no (?…): write a check of its own, with 'not' for (?!…)"
  const letter = /\\([a-zA-Z])/.exec(pattern)?.[1] ?? ''
  const instead = CLASSES[letter]
  return instead === undefined
    ? ''
    : `: regular expressions use POSIX syntax, which has no \\${letter}: write ${instead}`
}
