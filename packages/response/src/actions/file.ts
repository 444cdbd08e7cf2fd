import { type Action, defineAction, fieldOf, optionalField, Refusal } from '../model/action.ts'

export const quarantineFile: Action = defineAction({
  name: 'quarantine_file',
  doc: 'Moves a file that was written, downloaded or run on the host into a folder that only root can read. Files of containers and of the system (`/usr`, `/etc`, …) are refused.',
  example: '{ field: proc.exepath, for: 24h }',
  params: {
    type: 'object',
    properties: {
      field: { enum: ['fd.name', 'proc.exepath'], default: 'fd.name', description: 'The field that holds the path.' },
      folder: {
        type: 'string',
        pattern: '^/',
        default: '/var/lib/falc/quarantine',
        description: 'Folder of the moved files.',
      },
    },
  },
  target(alert, { field }) {
    const path = fieldOf(alert, field)
    const container = optionalField(alert, 'container.id')
    if (container !== undefined && container !== 'host')
      throw new Refusal('the path is one of a container, and another file here')
    if (!/^\/[^\0]{1,4000}$/.test(path) || /\/\.\.?(\/|$)|\/\//.test(path))
      throw new Refusal(`${field} is not an absolute path in its shortest form: ${path.slice(0, 80)}`)
    if (SYSTEM.test(path)) throw new Refusal(`${path} belongs to the system`)
    return { kind: 'file', uid: `${alert.hostname ?? ''}:${path}@${alert.time}`, name: path }
  },
  plan: ({ target, params: { folder } }) => [
    { via: 'file', does: 'quarantine', path: target.name, folder, says: `move ${target.name} to ${folder}` },
  ],
  undo: ({ target, params: { folder }, answers }) =>
    answers.flatMap(({ kept }) =>
      typeof kept === 'string'
        ? [{ via: 'file', does: 'restore', path: target.name, folder, kept, says: `put ${target.name} back` } as const]
        : [],
    ),
})

/** Folders in which a file is part of the machine, or not a file. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr)\//
