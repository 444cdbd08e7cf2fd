/** Plain words, as people type them into a search box. */

/**
 * All words must occur in rule or message, in any order and case; `/etc/shadow` and `"in this order"` literally, `sha*` as a prefix.
 * @returns a query of the index, undefined when there is no word
 */
export function matchWords(words: string): string | undefined {
  // To SQLite a query ends at a NUL.
  const plain = words.replaceAll('\0', ' ')
  const found = [...plain.matchAll(/"([^"]*)"(\*?)|(\S+)/g)].flatMap(([, quoted, after, bare]) => {
    const text = quoted ?? bare!.replaceAll('"', '')
    const begins = quoted === undefined ? text.endsWith('*') : after === '*'
    // What the index treats as punctuation only is not a word.
    return /[\p{L}\p{N}\p{Co}]/u.test(text) ? [`"${text}"${begins ? ' *' : ''}`] : []
  })
  return found.length === 0 ? undefined : found.join(' AND ')
}
