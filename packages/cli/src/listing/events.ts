import { loadSource } from '../sources/load.ts'
import { columns, type ListFormat, markdownTable } from './format.ts'

/** `--list-events`: what rules may ask evt.type for, with the number of event types behind each name. */
export async function listEvents(format: ListFormat): Promise<string> {
  const types = (await loadSource('syscall')).eventTypes!
  const names = new Map<string, number>()
  for (const type of types.all) {
    const name = types.valueOf('evt.type', type)
    if (typeof name === 'string') names.set(name, (names.get(name) ?? 0) + 1)
  }
  const rows = [...names].sort(([a], [b]) => (a < b ? -1 : 1))
  if (format === 'json') {
    return `${JSON.stringify({ events: rows.map(([name, types]) => ({ name, types })) }, null, 2)}\n`
  }
  const cells = rows.map(([name, count]) => [name, `${count} ${count === 1 ? 'type' : 'types'}`] as const)
  return format === 'markdown' ? markdownTable(['Name', 'Types'], cells) : columns(cells)
}
