/** docs/response.md: the page as it is, with the tables of actions and of what is protected made anew. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ACTIONS, PROTECTED, TALON } from '../../packages/response/src/index.ts'
import { table } from './markdown.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/response.md')

export function responsePage(): string {
  let page = readFileSync(PAGE, 'utf8')
  for (const [name, text] of [
    ['actions', actions()],
    [
      'protected',
      table(
        ['name', 'what'],
        PROTECTED.map(row => [`\`${row.name}\``, row.doc]),
      ),
    ],
    ['talon', talon()],
  ] as const) {
    const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
    const [start, end] = [page.indexOf(from), page.indexOf(to)]
    if (start < 0 || end < 0) throw new Error(`docs/response.md lacks the comments ${from} and ${to}`)
    page = `${page.slice(0, start + from.length)}\n\n${text}\n\n${page.slice(end)}`
  }
  return page
}

function actions(): string {
  return ACTIONS.map(({ name, doc, example, params, undo }) => {
    const rows = Object.entries(params.properties as Record<string, Record<string, unknown>>).map(([key, schema]) => [
      `\`${key}\``,
      (params.required as string[] | undefined)?.includes(key) ? 'required' : shown(schema.default),
      String(schema.description ?? ''),
    ])
    const all = undo ? [...rows, ['`for`', '', 'A duration after which it is undone by itself.']] : rows
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
