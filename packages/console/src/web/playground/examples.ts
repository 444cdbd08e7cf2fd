/** The examples: the project's own rules and recordings, which `scripts/console-app.ts` puts here. */
import type { Input, RulesText } from './messages.ts'

interface Examples {
  readonly rules: readonly RulesText[]
  readonly inputs: readonly { readonly name: string; readonly title: string; readonly base64: string }[]
}

declare const FALC_EXAMPLES: Examples

export const RULES: readonly RulesText[] = FALC_EXAMPLES.rules

export const SCENE = `# A scene: what processes do, one line each.
thread 10 comm=nginx uid=33 in=container
10 runs /bin/sh -c id
10 opens /etc/shadow O_RDONLY
thread 20 comm=python3 uid=33
20 connects 192.0.2.10:40000->203.0.113.9:9001
20 dup2 res=0 oldfd=3 newfd=0
20 runs /bin/sh -i
`

export interface Example {
  readonly title: string
  input(): Input
}

export const INPUTS: readonly Example[] = FALC_EXAMPLES.inputs.map(({ name, title, base64 }) => ({
  title,
  input: () => ({ name, data: new Blob([Uint8Array.from(atob(base64), char => char.charCodeAt(0))]) }),
}))
