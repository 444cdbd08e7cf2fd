import type { EventListing } from '@falc/sources-syscall'
import { columns, type ListFormat, markdownTable } from './format.ts'

/** `--list-events`: the values of evt.type, each with the parameters that evt.arg may name. */
export async function listEvents(format: ListFormat): Promise<string> {
  const events = (await import('@falc/sources-syscall')).listEvents()
  if (format === 'json') return `${JSON.stringify({ events }, null, 2)}\n`
  const cells = events.map(event => [event.name, signature(event)] as const)
  return format === 'markdown' ? markdownTable(['Name', 'Parameters'], cells) : columns(cells)
}

/** `-i`: events that are recorded only if a rule or base_syscalls needs them. */
export async function listIgnored(): Promise<string> {
  const names = (await import('@falc/sources-syscall')).ignoredEvents()
  return `Ignored Event(s):\n${names.map(name => `- ${name}\n`).join('')}\n`
}

function signature({ params }: EventListing): string {
  return params.length === 0 ? '(none)' : params.map(({ name, type }) => `${type} ${name}`).join(', ')
}
