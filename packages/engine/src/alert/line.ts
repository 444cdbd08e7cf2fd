import type { Value } from '../fields/field.ts'
import { writeIsoTime } from '../fields/time.ts'
import type { ByteSink } from '../text/byte-sink.ts'
import { textToBytes } from '../text/encoding.ts'
import type { Captured, Format, Slots } from './format.ts'
import { fit } from './format.ts'
import { escapeLine, printDouble, printJson, quoteJson } from './json.ts'
import type { JsonOptions } from './object.ts'

/** The constant texts of a line. */
export interface LineWords {
  readonly id: string
  readonly time: bigint
  readonly absences?: Readonly<Record<string, string>> | undefined
  readonly condition_fields?: Readonly<Record<string, Value | null>> | undefined
}

/** The parts of the lines of one rule. */
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

/** The variable part between two constant texts. */
interface Gap {
  readonly kind: 'text' | 'json' | 'cut' | 'id' | 'time' | 'absences' | 'condition'
  readonly slot: number
  readonly width: number
}

/**
 * Prints the alerts of one rule as lines of UTF-8. Their common parts are encoded once, when the first alert is printed. A value that is
 * not text is printed once per alert, and not at all if the last alert had the same.
 */
export class LinePrinter {
  readonly #slots: Slots
  /** One more than gaps: before, between and after them. */
  readonly #constants: readonly Uint8Array[]
  readonly #gaps: readonly Gap[]
  readonly #printed = new Map<number, PrintedValue>()
  /** By gap. */
  readonly #values: readonly (PrintedValue | undefined)[]
  #lines = 0

  private constructor(slots: Slots, { constants, gaps }: LineDraft) {
    this.#slots = slots
    this.#constants = constants.map(textToBytes)
    this.#gaps = gaps
    this.#values = gaps.map(({ kind, slot }) => {
      if (kind !== 'text' && kind !== 'json') return undefined
      const value = this.#printed.get(slot) ?? new PrintedValue(slots, slot)
      this.#printed.set(slot, value)
      return value
    })
  }

  /** As `alertJson` prints them. */
  static json(parts: LineParts, include: JsonOptions): LinePrinter {
    const draft = new LineDraft()
    draft.json(parts, include)
    return new LinePrinter(parts.slots, draft)
  }

  /** As `alertText` prints them. */
  static text({ slots, prefix, message }: LineParts): LinePrinter {
    const draft = new LineDraft()
    draft.text(prefix)
    draft.text(message)
    return new LinePrinter(slots, draft)
  }

  print(words: LineWords, captured: Captured, sink: ByteSink): void {
    const line = ++this.#lines
    sink.raw(this.#constants[0]!)
    for (let i = 0; i < this.#gaps.length; i++) {
      const value = this.#values[i]
      const { kind, slot, width } = this.#gaps[i]!
      if (value === undefined) this.#fill(kind, slot, width, words, captured, sink)
      else if (kind === 'text') value.writeText(this.#slots, captured, line, sink)
      else value.writeJson(this.#slots, captured, line, sink)
      sink.raw(this.#constants[i + 1]!)
    }
  }

  #fill(kind: Gap['kind'], slot: number, width: number, words: LineWords, captured: Captured, sink: ByteSink): void {
    if (kind === 'time') writeIsoTime(words.time, sink)
    else if (kind === 'absences') sink.text(printAbsences(words.absences))
    else if (kind === 'condition') sink.text(printConditionFields(words.condition_fields))
    else sink.escaped(kind === 'id' ? words.id : fit(this.#slots.text(slot, captured), width))
  }
}

/** The constants and gaps of a line. */
class LineDraft {
  readonly constants: string[] = ['']
  readonly gaps: Gap[] = []

  json({ hostname, prefix, message, fields, priority, rule, source, tags }: LineParts, include: JsonOptions): void {
    this.#add('{')
    if (include.condition_fields === true) this.#gap('condition')
    if (hostname !== undefined) this.#add(`"hostname":${quoteJson(hostname)},`)
    if (include.id === true) this.#quoted('"id":', () => this.#gap('id'))
    if (include.message === true) this.#quoted('"message":', () => this.text(message))
    if (include.output !== false) {
      this.#quoted('"output":', () => {
        this.text(prefix)
        this.text(message)
      })
    }
    if (include.output_fields !== false) this.#fields(fields)
    if (include.absences === true) this.#gap('absences')
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
        this.text(is)
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

  text({ parts }: Format): void {
    for (const part of parts) {
      if (typeof part === 'string') this.#add(escapeLine(part))
      else if (part.width === 0) this.#gap('text', part.slot)
      else this.#gap('cut', part.slot, part.width)
    }
  }

  #add(text: string): void {
    this.constants[this.constants.length - 1] += text
  }

  #gap(kind: Gap['kind'], slot = 0, width = 0): void {
    this.gaps.push({ kind, slot, width })
    this.constants.push('')
  }
}

const QUOTE = 0x22

/** Writes the values of a slot. */
class PrintedValue {
  readonly #slot: number
  readonly #double: boolean
  /** JSON shows another value than text does. */
  readonly #own: boolean
  /** The line that it was read or written for last, and where that has it if it is a text. */
  #line = 0
  #from = 0
  #to = 0
  /** The last value that was no text, printed; at first an absent one. */
  #text = '<NA>'
  #json = 'null'
  #value: Value | undefined
  #ownValue: Value | undefined

  constructor(slots: Slots, slot: number) {
    const expr = slots.expr(slot)
    this.#slot = slot
    this.#double = expr.type === 'double'
    this.#own = expr.kind === 'field' && expr.field.def.toJson !== undefined
  }

  /** As inside a JSON string. */
  writeText(slots: Slots, captured: Captured, line: number, sink: ByteSink): void {
    const value = captured.values[this.#slot]
    if (typeof value === 'string' && !this.#own) this.#write(value, line, sink)
    else {
      this.#read(slots, captured, line)
      sink.escaped(this.#text)
    }
  }

  writeJson(slots: Slots, captured: Captured, line: number, sink: ByteSink): void {
    const value = captured.values[this.#slot]
    if (typeof value === 'string' && !this.#own) {
      sink.byte(QUOTE)
      this.#write(value, line, sink)
      sink.byte(QUOTE)
    } else {
      this.#read(slots, captured, line)
      sink.text(this.#json)
    }
  }

  /** A line has most texts twice. */
  #write(value: string, line: number, sink: ByteSink): void {
    if (line === this.#line) sink.again(this.#from, this.#to)
    else {
      this.#line = line
      this.#from = sink.length
      sink.escaped(value)
      this.#to = sink.length
    }
  }

  #read(slots: Slots, captured: Captured, line: number): void {
    if (line === this.#line) return
    const value = captured.values[this.#slot]
    const own = this.#own ? captured.json[this.#slot] : undefined
    // A list may be the same one with other elements.
    const same = Object.is(value, this.#value) && Object.is(own, this.#ownValue)
    this.#line = line
    if (same && typeof value !== 'object' && typeof own !== 'object') return
    this.#value = value
    this.#ownValue = own
    this.#text = typeof value === 'string' ? value : slots.text(this.#slot, captured)
    this.#json = printField(slots.json(this.#slot, captured), this.#double)
  }
}

/** The property of JSON, if there is any, and a comma. */
export function printAbsences(absences: Readonly<Record<string, string>> | undefined): string {
  if (absences === undefined) return ''
  const pairs = Object.entries(absences).map(([name, why]) => `${quoteJson(name)}:${quoteJson(why)}`)
  return `"output_fields_absent":{${pairs.join(',')}},`
}

/** The property of JSON, if anything is kept, and a comma. */
export function printConditionFields(fields: Readonly<Record<string, Value | null>> | undefined): string {
  if (fields === undefined) return ''
  const pairs = Object.entries(fields).map(([name, value]) => `${quoteJson(name)}:${printField(value, false)}`)
  return `"condition_fields":{${pairs.join(',')}},`
}

/** The value of an output field in JSON. @param double a number shows that it is one */
export function printField(value: Value | null, double: boolean): string {
  if (typeof value === 'string') return quoteJson(value)
  if (typeof value === 'number' && double) return printDouble(value)
  return printJson(value instanceof Uint8Array ? Array.from(value) : (value as Parameters<typeof printJson>[0]))
}
