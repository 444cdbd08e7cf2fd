import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

/** Runs a script in Debian's Python, which has the independent clients; returns its output. @throws {Error} with its stderr */
export async function python(script: string, input = '', args: readonly string[] = []): Promise<string> {
  const child = spawn('/usr/bin/python3', ['-c', script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(complaint)
  return output
}

/** Runs pieces of code, one JSON text a line, and answers each with its output. */
const LOOP = `
import contextlib, io, json, sys, traceback
for line in sys.stdin:
    code, args = json.loads(line)
    printed, failed = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(printed): exec(code, {'args': args})
    except Exception:
        failed = traceback.format_exc()
    print(json.dumps([printed.getvalue(), failed]), flush=True)
`

/** One Python for many scripts, since its libraries take a second to load. It ends with this process. */
export class PythonSession {
  readonly #child = spawn('/usr/bin/python3', ['-c', LOOP], { stdio: ['pipe', 'pipe', 'inherit'] })
  readonly #waiting: ((line: string) => void)[] = []

  constructor() {
    createInterface(this.#child.stdout).on('line', line => this.#waiting.shift()?.(line))
    this.#child.unref()
  }

  /** Runs code that finds its arguments in `args`; returns what it prints. @throws {Error} with its traceback */
  async run(code: string, args: readonly string[]): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#waiting.push(resolve)
    this.#child.stdin.write(`${JSON.stringify([code, args])}\n`)
    const [printed, failed] = JSON.parse(await promise)
    if (failed !== null) throw new Error(failed)
    return printed
  }
}
