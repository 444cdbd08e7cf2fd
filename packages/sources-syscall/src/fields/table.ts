import type { FieldDef } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'

/** A field of this source. */
export type Field = FieldDef<SyscallEvent>
/** A family of fields by name. */
export type Fields = Readonly<Record<string, Field>>

/** Falco lets a field that reads several values, or none of its own, stand on the left only. */
export const LEFT_ONLY = { noRhs: true, noTransformer: true } as const
