import type { FieldDef } from '@falc/engine'
import type { SyscallEvent } from '../event.ts'

/** A field of this source. */
export type Field = FieldDef<SyscallEvent>
/** A family of fields by name. */
export type Fields = Readonly<Record<string, Field>>

/** In Falco, a field that reads several values, or has none of its own, is allowed only on the left-hand side. */
export const LEFT_ONLY = { noRhs: true, noTransformer: true } as const
