import { absenceOf, evaluateExpr, printExpr } from '../bytecode/evaluate-tree.ts'
import { fieldsOfExpr, lowerOperand } from '../bytecode/operand.ts'
import type { Expr, FieldExpr } from '../bytecode/tree.ts'
import type { FieldOperand, Operand } from '../condition/ast.ts'
import { fieldsIn } from '../condition/walk.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { FieldDef, Value } from '../fields/field.ts'
import { jsonValue } from '../fields/print.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import { bytesToText, textToBytes } from '../text/encoding.ts'
import type { Template } from './template.ts'

/** The values that formats have read from one event, by slot; undefined = absent. */
export interface Captured {
  readonly values: (Value | undefined)[]
  /** Values for JSON, of fields where they differ from the printed ones; empty where none does. */
  readonly json: (Value | undefined)[]
  /** Why values are absent, by slot; undefined: of none it is known. */
  readonly absences?: ReadonlyMap<number, string> | undefined
}

/** The operands that the formats of one rule read, each once per event. */
export class Slots {
  readonly #table: FieldTable
  readonly #errors: ExtractErrors | undefined
  readonly #exprs: Expr[] = []
  /** The fields with their own form in JSON (`toJson`). */
  readonly #own: (FieldExpr | undefined)[] = []
  /** Whether the source can give a reason why it is absent. */
  readonly #explained: boolean[] = []
  readonly #byKey = new Map<string, number>()

  constructor(table: FieldTable, errors?: ExtractErrors) {
    this.#table = table
    this.#errors = errors
  }

  /** @throws {ConditionError} when the operand does not fit the source */
  add(operand: Operand): number {
    return this.addExpr(lowerOperand(operand, this.#table, { span: operand.span ?? NO_SPAN }))
  }

  addExpr(expr: Expr): number {
    let slot = this.#byKey.get(expr.key)
    if (slot === undefined) {
      this.#byKey.set(expr.key, (slot = this.#exprs.push(asPrinted(expr)) - 1))
      this.#own.push(expr.kind === 'field' && expr.field.def.toJson ? expr : undefined)
      this.#explained.push(fieldsOfExpr(expr).some(({ field }) => field.def.absence !== undefined))
    }
    return slot
  }

  expr(slot: number): Expr {
    return this.#exprs[slot]!
  }

  /** Every field that the operands read. */
  get fields(): readonly ResolvedField[] {
    return this.#exprs.flatMap(expr => fieldsOfExpr(expr).map(({ field }) => field))
  }

  /** Reads all values now, since the event may be reused afterwards. Never throws. */
  capture(event: unknown): Captured {
    // Of the exact size: lists that grow keep room for more, and alerts may wait by the ten thousand.
    const values = new Array<Value | undefined>(this.#exprs.length)
    let json = NONE
    let absences: Map<number, string> | undefined
    for (let slot = 0; slot < this.#exprs.length; slot++) {
      const value = evaluateExpr(this.#exprs[slot]!, event, this.#errors)
      if (value === undefined && this.#explained[slot]) {
        const why = absenceOf(this.#exprs[slot]!, event)
        if (why !== undefined) (absences ??= new Map()).set(slot, why)
      }
      values[slot] = keep(value)
      const own = this.#own[slot]
      if (own === undefined) continue
      if (json === NONE) json = new Array(this.#exprs.length)
      json[slot] = keep(this.#ownJson(own, event))
    }
    return { values, json, absences }
  }

  text(slot: number, captured: Captured): string {
    return printExpr(this.#exprs[slot]!, captured.values[slot])
  }

  json(slot: number, captured: Captured): Value | null {
    if (this.#own[slot]) return captured.json[slot] ?? null
    const expr = this.#exprs[slot]!
    const print = expr.kind === 'field' ? expr.field.print : undefined
    return jsonValue(captured.values[slot], { type: expr.type, list: expr.list, print })
  }

  #ownJson(expr: FieldExpr, event: unknown): Value | undefined {
    try {
      return expr.field.def.toJson!(event, expr.field.arg)
    } catch (error) {
      this.#errors?.add(expr.key, error, event)
      return undefined
    }
  }
}

const NONE: (Value | undefined)[] = []

const NO_SPAN = { offset: 0, line: 1, column: 1, length: 0 }

/** A field that prints another value than conditions see gives that one. */
function asPrinted(expr: Expr): Expr {
  if (expr.kind !== 'field' || !expr.field.def.printed) return expr
  return { ...expr, field: { ...expr.field, def: { ...expr.field.def, extract: expr.field.def.printed } as FieldDef } }
}

/** Copies bytes, which may be in a buffer that is reused. */
function keep(value: Value | undefined): Value | undefined {
  if (value instanceof Uint8Array) return value.slice()
  if (Array.isArray(value) && value.some(v => v instanceof Uint8Array))
    return value.map(v => (v instanceof Uint8Array ? v.slice() : v))
  return value
}

/** A template bound to slots. */
export class Format {
  readonly parts: readonly (string | { readonly slot: number; readonly width: number })[]
  /** Slots of the fields that the template names, including those in transformers, by their key in output_fields. */
  readonly fields: ReadonlyMap<string, number>

  /** @throws {ConditionError} when a field or transformer does not fit the source */
  constructor(template: Template, slots: Slots) {
    const fields = new Map<string, number>()
    this.parts = template.map(token => {
      if (token.kind === 'text') return token.text
      for (const field of fieldsIn(token.operand)) fields.set(nameOf(field), slots.add(field))
      return { slot: slots.add(token.operand), width: token.width }
    })
    this.fields = fields
  }

  /** @param encode applied to the text of each field */
  text(slots: Slots, captured: Captured, encode?: (text: string) => string): string {
    let text = ''
    for (const part of this.parts) {
      if (typeof part === 'string') text += part
      else {
        const value = slots.text(part.slot, captured)
        const fitted = part.width === 0 ? value : fit(value, part.width)
        text += encode === undefined ? fitted : encode(fitted)
      }
    }
    return text
  }
}

/** The key of a field in output_fields: as written. */
export function nameOf(field: FieldOperand): string {
  return field.arg === undefined ? field.name : `${field.name}[${field.arg}]`
}

/** Pads with blanks or cuts to `width` bytes of UTF-8. */
export function fit(text: string, width: number): string {
  const bytes = textToBytes(text)
  if (bytes.length <= width) return text + ' '.repeat(width - bytes.length)
  return bytes.length === text.length ? text.slice(0, width) : bytesToText(bytes.subarray(0, width)).toWellFormed()
}
