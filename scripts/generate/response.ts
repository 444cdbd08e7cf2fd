/** Regenerates the tables of docs/response.md: actions and protected targets. */
import { ACTIONS, PROTECTED, TALON } from '../../packages/response/src/index.ts'
import { filledPage, table } from './markdown.ts'

export const responsePage = (): string =>
  filledPage('response.md', {
    actions: actions(),
    protected: table(
      ['name', 'what'],
      PROTECTED.map(row => [`\`${row.name}\``, row.doc]),
    ),
    talon: talon(),
  })

function actions(): string {
  return ACTIONS.map(({ name, doc, example, params, undo }) => {
    const rows = Object.entries(params.properties as Record<string, Record<string, unknown>>).map(([key, schema]) => [
      `\`${key}\``,
      (params.required as string[] | undefined)?.includes(key) ? 'required' : shown(schema.default),
      String(schema.description ?? ''),
    ])
    const all = undo ? [...rows, ['`for`', '', 'Undo this after a duration.']] : rows
    const block = `\`\`\`yaml\n- ${name}: ${example}\n\`\`\``
    return [`### ${name}`, doc, block, ...(all.length > 0 ? [table(['parameter', 'default', ''], all)] : [])].join(
      '\n\n',
    )
  }).join('\n\n')
}

const shown = (value: unknown) =>
  value === undefined || (typeof value === 'object' && value !== null) ? '' : `\`${String(value)}\``

const talon = () =>
  table(
    ['falco-talon', 'here', ''],
    Object.entries(TALON).map(([name, { becomes, note }]) => [
      `\`${name}\``,
      becomes ? `\`${becomes}\`` : 'refused',
      note,
    ]),
  )
