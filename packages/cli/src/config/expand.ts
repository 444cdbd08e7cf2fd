export type Env = Readonly<Record<string, string | undefined>>

/**
 * Replaces `${VAR}` by the value of the environment variable, or by nothing when it is not set. `$${VAR}` stands for
 * the text `${VAR}`. An unclosed `${` is left alone, and values are not expanded again: all as in Falco.
 */
export function expand(text: string, env: Env): string {
  return text.replace(/\$\$\{[^}]*\}|\$\{([^}]*)\}/g, (whole, name: string | undefined) =>
    name === undefined ? whole.slice(1) : (env[name] ?? ''),
  )
}
