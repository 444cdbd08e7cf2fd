/**
 * `${VAR}` becomes the variable's value (nothing, if it is not set), `$${VAR}` stands for `${VAR}` itself, as in
 * Falco's configuration. What follows an unclosed `${` stays as it is; values are not expanded again.
 */
export function expand(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\$\{[^}]*\}|\$\{([^}]*)\}/g, (whole, name: string | undefined) =>
    name === undefined ? whole.slice(1) : (env[name] ?? ''),
  )
}
