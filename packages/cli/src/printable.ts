/**
 * Text that is safe on a terminal and on one line: control characters (C0, DEL, C1), Unicode's line separators, its
 * bidirectional and invisible format characters, and halves of characters are shown as escapes: `\u001b`, `\u202e`.
 * Whatever comes from processes, files and other machines passes through here on its way to a terminal or to the log.
 * @param keep characters that stay, for instance a newline
 */
export function printable(text: string, keep = ''): string {
  if (!UNSAFE.test(text)) return text
  return text.replace(new RegExp(UNSAFE, 'gu'), char => (keep.includes(char) ? char : escaped(char)))
}

// Cc: control characters; Cf: format characters, among them all bidirectional marks; Cs: lone surrogates; Zl, Zp: separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** As in JSON, so that JSON stays valid. */
function escaped(char: string): string {
  return char.replace(
    /[\ud800-\udfff]|[^\ud800-\udfff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
