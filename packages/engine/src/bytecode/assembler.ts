import type { ResolvedField } from '../fields/table.ts'
import type { Constant } from './constants.ts'
import { type OpCode, WORDS } from './opcodes.ts'

/** Registers that are certainly loaded at some point of a routine. */
export type Loaded = Set<number>

/** Collects the code, constants and registers of a program. */
export class Assembler {
  readonly code: number[] = []
  readonly constants: Constant[] = []
  readonly registers: (ResolvedField | undefined)[] = []
  readonly #constantIds = new Map<string, number>()
  readonly #registerIds = new Map<string, number>()

  /** The pc of the next instruction. */
  get pc(): number {
    return this.code.length
  }

  /** Appends an instruction; returns its pc. */
  emit(op: OpCode, a = 0, b = 0, c = 0): number {
    return this.code.push(op, a, b, c) - WORDS
  }

  /** Sets operand `index` (0–2) of the instruction at `pc`. */
  patch(pc: number, index: number, word: number): void {
    this.code[pc + 1 + index] = word
  }

  /** The number of a constant; equal constants share one. @param key text that differs between different constants */
  constant(key: string, constant: Constant): number {
    let id = this.#constantIds.get(key)
    if (id === undefined) {
      id = this.constants.push(constant) - 1
      this.#constantIds.set(key, id)
    }
    return id
  }

  /** The register of an operand with this canonical text. */
  register(key: string, field: ResolvedField | undefined): number {
    let id = this.#registerIds.get(key)
    if (id === undefined) {
      id = this.registers.push(field) - 1
      this.#registerIds.set(key, id)
    }
    return id
  }
}
