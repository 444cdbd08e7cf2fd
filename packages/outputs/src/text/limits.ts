import type { Item } from '../model/transport.ts'

/** Cuts texts that a service would refuse as too long. The cut is marked in the text, and logged once. */

/** The text, of at most `limit` UTF-16 units; what was cut off is counted at its end. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  for (let missing = text.length - limit; ; ) {
    const mark = ` … [${missing} more]`
    const kept = text.slice(0, Math.max(0, limit - mark.length)).replace(/[\uD800-\uDBFF]$/, '')
    if (kept.length + missing >= text.length) return `${kept}${mark}`.slice(0, limit)
    missing = text.length - kept.length
  }
}

/** Lengths of texts in JSON, tried one after the other until a body fits. */
const TEXT_LIMITS = [16_384, 4096, 1024, 256, 64, 16]

/** The JSON with each text cut to `limit` characters. Everything else stays as it is, integers of any size too. */
function cutTexts(json: string, limit: number): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, literal =>
    literal.length <= limit + 2 ? literal : JSON.stringify(cut(JSON.parse(literal), limit)),
  )
}

/** Cuts the texts of one output. */
export class Limits {
  readonly #note: (text: string) => void

  /** @param note writes a line to the log, once for each different text */
  constructor(note: (text: string) => void) {
    this.#note = note
  }

  /** @param what the text's place in the message, for the log */
  cut(text: string, limit: number, what: string): string {
    if (text.length <= limit) return text
    this.#noteCut(limit, what)
    return cut(text, limit)
  }

  /**
   * Cuts a text so that it fits once it is escaped: no escape sequence is cut in two.
   * @param encode makes the text longer, or leaves it as it is
   */
  escaped(text: string, limit: number, what: string, encode: (text: string) => string): string {
    for (let most = Math.min(text.length, limit); ; ) {
      const escaped = encode(cut(text, most))
      if (escaped.length <= limit || most === 0) {
        if (most < text.length) this.#noteCut(limit, what)
        return escaped
      }
      most = Math.max(0, most - Math.ceil((escaped.length - limit) / 2))
    }
  }

  /** The item's body in at most `max` bytes: JSON with shorter texts, or the beginning of a text. JSON that is too long even so stays as it is. */
  body({ body, contentType }: Pick<Item, 'body' | 'contentType'>, max: number): string {
    if (body.length * 3 <= max || Buffer.byteLength(body) <= max) return body
    this.#note(`alerts longer than ${max} bytes are cut`)
    if (!/[/+]json\b/.test(contentType)) return cut(body, Math.floor(max / 3))
    const fitting = TEXT_LIMITS.find(limit => Buffer.byteLength(cutTexts(body, limit)) <= max)
    return fitting === undefined ? body : cutTexts(body, fitting)
  }

  /** The first `limit` of a list. @param what its place in the message, for the log */
  first<T>(list: readonly T[], limit: number, what: string): readonly T[] {
    if (list.length <= limit) return list
    this.#note(`${what} after the first ${limit} are left out`)
    return list.slice(0, limit)
  }

  #noteCut(limit: number, what: string): void {
    this.#note(`${what} longer than ${limit} characters are cut`)
  }
}
