import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { COMPILED, FALC } from '../../../scripts/testing/command.ts'

export interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly output: { stdout: string; stderr: string }
  /** Resolves with the exit code. */
  readonly exit: Promise<number | null>
  /** Resolves when standard output or error contains the text. */
  sees(text: string): Promise<void>
}

/**
 * Starts falc as a child process.
 * @param options.descriptors limit of its open files and connections
 * @param options.main the bundle's program; default: the one that all tests share
 */
export function startFalc(
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
  { descriptors, main = FALC.at(-1)! }: { readonly descriptors?: number; readonly main?: string } = {},
): Started {
  const command = [...FALC.slice(0, -1), main, ...args]
  const limit = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh']
  const [program, ...rest] = [...limit, ...command]
  const child = spawn(program!, rest, {
    cwd,
    env: { PATH: process.env.PATH, TZ: 'UTC', FALCO_HOSTNAME: 'testhost', NODE_COMPILE_CACHE: COMPILED, ...env },
  })
  // falc may exit before it has read its input; its exit code and output then show why.
  child.stdin.on('error', () => {})
  const output = { stdout: '', stderr: '' }
  const waiting: { text: string; resolve: () => void }[] = []
  const check = () => {
    for (const { text, resolve } of waiting) if (output.stdout.includes(text) || output.stderr.includes(text)) resolve()
  }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', text => {
      output[name] += text
      check()
    })
  }
  const exit = new Promise<number | null>(resolve => child.on('close', code => resolve(code)))
  return {
    child,
    output,
    exit,
    sees: text =>
      new Promise((resolve, reject) => {
        waiting.push({ text, resolve })
        check()
        exit.then(code => reject(new Error(`ended with ${code} before "${text}": ${output.stdout}${output.stderr}`)))
      }),
  }
}
