export type Env = Readonly<Record<string, string | undefined>>

/** A variable whose value names itself would be expanded without end. */
const MAX_NESTED = 100

/**
 * Replaces `${VAR}` by the value of the environment variable, or by nothing when it is not set. `$${VAR}` stands for
 * the text `${VAR}`. An unclosed `${` is left alone, and what a value names is expanded as well: all as in Falco.
 */
export function expand(text: string, env: Env): string {
  let value = text
  let nested = 0
  for (let at = value.indexOf('$'); at >= 0; at = value.indexOf('$', at)) {
    const end = value.indexOf('}', at)
    if (end < 0) break
    if (value.startsWith('$${', at)) {
      value = value.slice(0, at) + value.slice(at + 1)
      at++
    } else if (value.startsWith('${', at)) {
      const inserted = env[value.slice(at + 2, end)] ?? ''
      value = value.slice(0, at) + inserted + value.slice(end + 1)
      if (inserted.includes('$') && ++nested > MAX_NESTED) at += inserted.length
    } else at++
  }
  return value
}
