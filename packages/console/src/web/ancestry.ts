/** The ancestors of an alert's process, as far as its fields show them: the oldest first, the process itself last. */
export interface Process {
  readonly name: string
  readonly details: readonly (readonly [field: string, value: string])[]
}

type Fields = Readonly<Record<string, unknown>>

const OWN = ['proc.pid', 'proc.cmdline', 'proc.exepath', 'proc.exe', 'proc.cwd', 'user.name', 'proc.tty'] as const
const PARENT = ['proc.ppid', 'proc.pcmdline', 'proc.pexepath', 'proc.pexe'] as const
const FURTHER = ['proc.apid', 'proc.acmdline', 'proc.aexepath', 'proc.aexe'] as const
/** The most ancestors that rules print. */
const MAX_DEPTH = 32

/** @returns empty when the fields name no ancestor */
export function ancestryOf(fields: Fields): Process[] {
  const text = (name: string) => {
    const value = fields[name]
    return value === undefined || value === null || value === '' ? undefined : String(value)
  }
  const process = (name: string | undefined, names: readonly string[]): Process | undefined => {
    const details = names.flatMap(field => {
      const value = text(field)
      return value === undefined ? [] : [[field, value] as const]
    })
    const shown = name ?? details[0]?.[1]
    return shown === undefined ? undefined : { name: shown, details }
  }
  const at = (level: number) => (field: string) => `${field}[${level}]`
  const ancestors: Process[] = []
  for (let level = MAX_DEPTH; level >= 1; level--) {
    const name = text(`proc.aname[${level}]`) ?? (level === 1 ? text('proc.pname') : undefined)
    const names = [...(level === 1 ? PARENT : []), ...FURTHER.map(at(level))]
    const found = process(name, names)
    if (found) ancestors.push(found)
  }
  const own = process(text('proc.name'), OWN)
  return own && ancestors.length > 0 ? [...ancestors, own] : []
}
