import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { GROUPS } from '../../packages/cli/src/config/keys/falco-yaml.ts'
import { PLUGIN_SETTINGS } from '../../packages/cli/src/config/keys/plugins.ts'
import { type KeyAt, keysOf, section } from '../../packages/cli/src/config/section.ts'
import { table } from './markdown.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/config.md')

/** docs/config.md: the page as it is, each table between its comments made anew from the keys of falco.yaml. */
export function configPage(): string {
  const tables: Record<string, string> = {
    ...Object.fromEntries(Object.entries(GROUPS).map(([title, keys]) => [title, rows(keysOf(section(keys)))])),
    ...Object.fromEntries(
      Object.entries(PLUGIN_SETTINGS).map(([name, keys]) => [`plugin ${name}`, rows(keysOf(keys))]),
    ),
  }
  let page = readFileSync(PAGE, 'utf8')
  for (const [title, text] of Object.entries(tables)) {
    const [from, to] = [`<!-- keys: ${title} -->`, `<!-- end of keys: ${title} -->`]
    const [start, end] = [page.indexOf(from), page.indexOf(to)]
    if (start < 0 || end < 0) throw new Error(`docs/config.md lacks the comments ${from} and ${to}`)
    page = `${page.slice(0, start + from.length)}\n\n${text}\n\n${page.slice(end)}`
  }
  return page
}

function rows(keys: readonly KeyAt[]): string {
  return table(
    ['key', 'default', 'effect'],
    keys.map(({ path, key, restart }) => {
      const noEffect = key.noEffect === undefined ? '' : ` No effect: ${key.noEffect.why}.`
      return [`\`${path}\`${restart ? ' ↻' : ''}`, defaultText(key), key.doc + noEffect]
    }),
  )
}

function defaultText({ shown, default: value }: KeyAt['key']): string {
  if (shown !== undefined) return shown
  if (value === undefined || value === '') return ''
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'object' ? '' : String(value)
}
