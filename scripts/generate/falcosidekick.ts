import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { HTTP, type SidekickKey } from '../../packages/cli/src/relay/sidekick/key.ts'
import { SIDEKICK_OUTPUTS } from '../../packages/cli/src/relay/sidekick/table.ts'
import { GLOBAL_KEYS, UNSUPPORTED } from '../../packages/cli/src/relay/sidekick/unsupported.ts'
import { table } from './markdown.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/falcosidekick.md')

/** docs/falcosidekick.md: the page as it is, each table between its comments made anew from the relay's tables. */
export function falcosidekickPage(): string {
  const tables: Readonly<Record<string, string>> = {
    general: general(),
    shared: rowsOf(Object.entries(HTTP)),
    outputs: outputs(),
    missing: missing(),
  }
  let page = readFileSync(PAGE, 'utf8')
  for (const [title, text] of Object.entries(tables)) {
    const [from, to] = [`<!-- table: ${title} -->`, `<!-- end of table: ${title} -->`]
    const [start, end] = [page.indexOf(from), page.indexOf(to)]
    if (start < 0 || end < 0) throw new Error(`docs/falcosidekick.md lacks the comments ${from} and ${to}`)
    page = `${page.slice(0, start + from.length)}\n\n${text}\n\n${page.slice(end)}`
  }
  return page
}

function general(): string {
  const rows = Object.entries(GLOBAL_KEYS).map(([key, { verdict, note = '' }]) => [`\`${key}\``, verdict, note])
  return table(['key', '', ''], rows)
}

function outputs(): string {
  return SIDEKICK_OUTPUTS.map(({ section, type, main, keys, note }) => {
    const head = `### ${section}\n\nType \`${type}\`, on with ${main.map(key => `\`${section}.${key}\``).join(' and ')}. ${note ?? ''}`
    const own = Object.entries(keys).filter(([key, one]) => HTTP[key] !== one)
    const shared = Object.keys(keys).filter(key => keys[key] === HTTP[key])
    const more = shared.length === Object.keys(HTTP).length ? 'all' : shared.map(key => `\`${key}\``).join(', ')
    return `${head.trim()} General keys: ${more}.\n\n${rowsOf(own)}`
  }).join('\n\n')
}

function rowsOf(keys: readonly (readonly [string, SidekickKey])[]): string {
  return table(
    ['key', '', 'option', ''],
    keys.map(([key, { verdict, to, note = '' }]) => [
      `\`${key}\``,
      verdict,
      to.map(name => `\`${name}\``).join(', '),
      note,
    ]),
  )
}

function missing(): string {
  return table(
    ['output', 'why not, and what instead'],
    UNSUPPORTED.map(({ section, why }) => [`\`${section}\``, why]),
  )
}
