import type { FieldUse } from '@falc/engine'
import { EVENTS } from '../events/table.ts'
import { SYSCALL_FIELDS } from '../fields/index.ts'
import { PARTS, type Part } from '../state/parts.ts'

/**
 * Which parts of the state a field reads: `*` stands for any text. The first line that fits
 * counts. A field that none fits reads everything, so that a new one is slow until it is listed here, but never wrong.
 */
const READS = `
evt.num evt.type evt.type.is syscall.type evt.dir evt.cpu evt.hostname evt.source   : nothing
evt.time evt.time.* evt.rawtime evt.rawtime.* evt.datetime evt.datetime.*           : nothing
evt.reltime evt.reltime.* evt.outputtime evt.latency evt.latency.*                  : nothing
evt.wait_latency evt.deltatime evt.deltatime.* evt.asynctype evt.is_async           : nothing
evt.pluginname evt.plugininfo util.cnt                                              : nothing
evt.rawres evt.failed evt.io_dir evt.is_wait evt.is_io evt.is_io_*                  : nothing
evt.is_open_* evt.count evt.count.exit evt.around evt.rawarg evt.buffer             : nothing
static.* evt.infra.* thread.tid                                                     : nothing
evt.category evt.is_syslog syslog.* evt.buflen evt.buflen.* evt.count.error*        : descriptors
evt.abspath fs.path.* fdlist.*                                                      : descriptors
fd.connected                                                                        : connections
fd.types                                                                            : descriptors order
fd.*                                                                                : descriptors
proc.cwd proc.fdopencount proc.stdin.* proc.stdout.* proc.stderr.*                  : descriptors
proc.ppid.duration                                                                  : descriptors
proc.exepath proc.pexepath proc.aexepath                                            : descriptors
proc.*.exepath                                                                      : descriptors strangers
proc.sname proc.sid.exe proc.vpgid.name proc.vpgid.exe proc.pgid.name proc.pgid.exe : strangers
proc.fdlimit                                                                        : limits
proc.fdusage                                                                        : limits descriptors
proc.vm* thread.vm* thread.pf*                                                      : memory
proc.env proc.env_truncated proc.aenv mesos.* marathon.* nomad.*                   : environments
proc.nthreads proc.nchilds proc.duration thread.nametid container.duration          : threads
thread.exectime thread.totexectime thread.cpu thread.cpu.* evt.count.*              : threads
`

const LINES: readonly (readonly [RegExp, readonly Part[]])[] = READS.trim()
  .split('\n')
  .map(line => {
    const [names, parts] = line.split(/\s+: /) as [string, string]
    const patterns = names.split(/\s+/).map(name => name.replaceAll('.', '\\.').replaceAll('*', '.*'))
    return [new RegExp(`^(?:${patterns.join('|')})$`), parts === 'nothing' ? [] : (parts.split(' ') as Part[])]
  })

/** Parameter types whose text names the descriptor, or is a path made absolute. */
const NAMES_DESCRIPTORS = new Set(['fd', 'fd32', 'fdlist', 'relpath', 'path', 'dyn'])
const NAMES_PROCESSES = new Set(['pid', 'pid32', 'dyn'])
const NAMES_USERS = new Set(['uid', 'gid', 'dyn'])

/** The parts of the state that a field reads. */
export function partsRead({ name, arg }: FieldUse): readonly Part[] {
  if (name === 'evt.arg' && arg !== undefined) return partsOfArgument(arg)
  if (name === 'evt.arg' || name === 'evt.args' || name === 'evt.info' || name === 'evt.res')
    return ['threads', 'descriptors', 'strangers']
  const line = LINES.find(([pattern]) => pattern.test(name))
  if (line !== undefined) return line[1]
  return SYSCALL_FIELDS[name]?.scope === 'thread' ? ['threads'] : PARTS
}

/** The types of the parameters that have a name or, as text, a number: in any event. */
let typesOf: Map<string, Set<string>> | undefined

function parameterTypes(): Map<string, Set<string>> {
  const types = new Map<string, Set<string>>()
  const add = (key: string, type: string) => {
    const known = types.get(key)
    if (known === undefined) types.set(key, new Set([type]))
    else known.add(type)
  }
  // No loop over all: V8's last compiler would take it up at once, and take longer than the loop does.
  EVENTS.forEach(({ params }) => {
    params.forEach(({ name, type }, i) => {
      add(name, type)
      add(`${i}`, type)
    })
  })
  return types
}

function partsOfArgument(arg: string): Part[] {
  typesOf ??= parameterTypes()
  const types = typesOf.get(/^\d+$/.test(arg) ? `${Number(arg)}` : arg) ?? []
  const any = (set: ReadonlySet<string>) => [...types].some(type => set.has(type))
  return [
    ...(any(NAMES_USERS) ? (['threads'] as const) : []),
    ...(any(NAMES_DESCRIPTORS) ? (['descriptors'] as const) : []),
    ...(any(NAMES_PROCESSES) ? (['strangers'] as const) : []),
  ]
}
