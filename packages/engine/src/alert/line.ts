import type { Value } from '../fields/field.ts'
import { isoTime } from '../fields/time.ts'
import type { Captured, Format, Slots } from './format.ts'
import { fit } from './format.ts'
import { escapeLine, printDouble, printJson, quoteJson } from './json.ts'
import type { JsonOptions } from './object.ts'

/** What a line says besides the values that were captured. */
export interface LineWords {
  readonly id: string
  readonly time: bigint
}

/** What the lines of one rule are made of. */
export interface LineParts {
  readonly slots: Slots
  readonly hostname: string | undefined
  readonly rule: string
  readonly priority: string
  readonly source: string
  readonly tags: readonly string[]
  /** Before the message. */
  readonly prefix: Format
  readonly message: Format
  /** Output fields in the order of JSON: the slot of a value, or a text. */
  readonly fields: readonly (readonly [name: string, is: number | Format])[]
}

/** What stands between two constant texts. */
interface Gap {
  readonly kind: 'text' | 'json' | 'cut' | 'id' | 'time'
  readonly slot: number
  readonly width: number
}

/**
 * Prints the alerts of one rule as lines. What all of them have in common is put together and escaped once, when the first alert is printed;
 * a value is escaped once per alert, and not at all when the last alert had the same one.
 */
export class LinePrinter {
  readonly #slots: Slots
  /** One more than gaps: before, between and after them. */
  readonly #constants: string[] = ['']
  readonly #gaps: Gap[] = []
  readonly #printed = new Map<number, PrintedValue>()
  readonly #values: readonly PrintedValue[]

  private constructor(slots: Slots, build: (printer: LinePrinter) => void) {
    this.#slots = slots
    build(this)
    this.#values = [...this.#printed.values()]
  }

  /** As `alertJson` prints them. */
  static json(parts: LineParts, include: JsonOptions): LinePrinter {
    return new LinePrinter(parts.slots, printer => printer.#json(parts, include))
  }

  /** As `alertText` prints them. */
  static text({ slots, prefix, message }: LineParts): LinePrinter {
    return new LinePrinter(slots, printer => {
      printer.#text(prefix)
      printer.#text(message)
    })
  }

  print(words: LineWords, captured: Captured): string {
    for (let i = 0; i < this.#values.length; i++) this.#values[i]!.read(this.#slots, captured)
    let line = this.#constants[0]!
    for (let i = 0; i < this.#gaps.length; i++)
      line += this.#fill(this.#gaps[i]!, words, captured) + this.#constants[i + 1]!
    return line
  }

  #fill({ kind, slot, width }: Gap, words: LineWords, captured: Captured): string {
    switch (kind) {
      case 'text':
        return this.#printed.get(slot)!.text
      case 'json':
        return this.#printed.get(slot)!.json
      case 'cut':
        return escaped(fit(this.#slots.text(slot, captured), width))
      case 'id':
        return escaped(words.id)
      case 'time':
        return isoTime(words.time)
    }
  }

  #json({ hostname, prefix, message, fields, priority, rule, source, tags }: LineParts, include: JsonOptions): void {
    this.#add('{')
    if (hostname !== undefined) this.#add(`"hostname":${quoteJson(hostname)},`)
    if (include.id === true) this.#quoted('"id":', () => this.#gap('id'))
    if (include.message === true) this.#quoted('"message":', () => this.#text(message))
    if (include.output !== false) {
      this.#quoted('"output":', () => {
        this.#text(prefix)
        this.#text(message)
      })
    }
    if (include.output_fields !== false) this.#fields(fields)
    this.#add(`"priority":${quoteJson(priority)},"rule":${quoteJson(rule)},"source":${quoteJson(source)},`)
    if (include.tags !== false) this.#add(`"tags":[${tags.map(quoteJson).join(',')}],`)
    this.#add('"time":"')
    this.#gap('time')
    this.#add('"}')
  }

  #fields(fields: LineParts['fields']): void {
    this.#add('"output_fields":{')
    for (const [i, [name, is]] of fields.entries()) {
      this.#add(`${i === 0 ? '' : ','}${quoteJson(name)}:`)
      if (typeof is === 'number') this.#gap('json', is)
      else {
        this.#add('"')
        this.#text(is)
        this.#add('"')
      }
    }
    this.#add('},')
  }

  #quoted(key: string, value: () => void): void {
    this.#add(`${key}"`)
    value()
    this.#add('",')
  }

  #text({ parts }: Format): void {
    for (const part of parts) {
      if (typeof part === 'string') this.#add(escaped(part))
      else if (part.width === 0) this.#gap('text', part.slot)
      else this.#gap('cut', part.slot, part.width)
    }
  }

  #add(text: string): void {
    this.#constants[this.#constants.length - 1] += text
  }

  #gap(kind: Gap['kind'], slot = 0, width = 0): void {
    if ((kind === 'text' || kind === 'json') && !this.#printed.has(slot))
      this.#printed.set(slot, new PrintedValue(this.#slots, slot))
    this.#gaps.push({ kind, slot, width })
    this.#constants.push('')
  }
}

/** The last value of a slot, printed. */
class PrintedValue {
  /** As inside a JSON string. */
  text = ''
  json = ''
  readonly #slot: number
  readonly #double: boolean
  /** JSON shows another value than text does. */
  readonly #own: boolean
  #value: Value | undefined
  #json: Value | undefined
  #known = false

  constructor(slots: Slots, slot: number) {
    const expr = slots.expr(slot)
    this.#slot = slot
    this.#double = expr.type === 'double'
    this.#own = expr.kind === 'field' && expr.field.def.toJson !== undefined
  }

  read(slots: Slots, captured: Captured): void {
    const value = captured.values[this.#slot]
    const json = captured.json[this.#slot]
    // A list may be the same one with other elements.
    if (this.#known && Object.is(value, this.#value) && Object.is(json, this.#json) && typeof value !== 'object')
      if (typeof json !== 'object') return
    this.#value = value
    this.#json = json
    this.#known = true
    this.text = escaped(typeof value === 'string' ? value : slots.text(this.#slot, captured))
    this.json =
      typeof value === 'string' && !this.#own
        ? `"${this.text}"`
        : printField(slots.json(this.#slot, captured), this.#double)
  }
}

/** Characters that JSON escapes, and surrogates. */
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/

function escaped(text: string): string {
  return SPECIAL.test(text) ? escapeLine(text) : text
}

/** The value of an output field in JSON. @param double a number shows that it is one */
export function printField(value: Value | null, double: boolean): string {
  if (typeof value === 'string') return quoteJson(value)
  if (typeof value === 'number' && double) return printDouble(value)
  return printJson(value instanceof Uint8Array ? Array.from(value) : (value as Parameters<typeof printJson>[0]))
}
