/** Consoles for tests, and alerts and requests for them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { onTestFinished } from 'vitest'
import { Console, type ConsoleOptions } from '../src/index.ts'

export const START = 1_795_514_400_000_000_000n
export const idOf = (n: number) => n.toString(16).padStart(32, '0')

export function alert(n: number, change: Partial<AlertData> = {}): AlertData {
  return {
    ...{
      id: idOf(n),
      rule: n % 2 ? 'Shell' : 'Read',
      priority: n % 2 ? 'Notice' : 'Error',
      source: 'syscall',
      tags: [],
    },
    ...{ time: START + BigInt(n) * 1_000_000_000n, output: `message ${n}`, message: `message ${n}`, hostname: 'web' },
    output_fields: { 'proc.name': `sh${n}`, 'evt.time': START + BigInt(n) },
    ...change,
  }
}

/** A console on a store of its own. */
export async function begin(
  options: Partial<ConsoleOptions> = {},
): Promise<{ console: Console; end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-console-'))
  const console = new Console({ path: join(folder, 'alerts.db'), port: 0, ...options })
  await console.listen()
  const end = async () => {
    await console.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { console, end }
}

/** A console that is closed at the end of the test. */
export async function start(options: Partial<ConsoleOptions> = {}): Promise<Console> {
  const { console, end } = await begin(options)
  onTestFinished(end)
  return console
}

export async function ask(
  console: Console,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; json: any; headers: Headers }> {
  const response = await fetch(new URL(path, console.url), init)
  return { status: response.status, json: await response.json(), headers: response.headers }
}

export const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers,
})
