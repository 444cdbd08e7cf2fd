/** A responder in its own folder, with a world that records the calls it gets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { onTestFinished } from 'vitest'
import {
  type Answer,
  alertOf,
  type Call,
  Journal,
  type OpenResponder,
  type Outcome,
  openResponder,
  type Ports,
  type RespondOptions,
} from '../src/index.ts'

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'falc-response-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Records all calls, and answers them as a test sets it. */
export class World {
  readonly asked: string[] = []
  answer: (call: Call) => Answer | Promise<Answer> = () => ({ outcome: 'done', said: '' })

  get ports(): Ports {
    const port = async (call: Call, { dry }: { dry: boolean }) => {
      this.asked.push(dry ? `dry: ${call.says}` : call.says)
      return this.answer(call)
    }
    return {
      process: port,
      engine: port,
      output: port,
      http: port,
      program: port,
      nats: port,
      file: port,
      capture: port,
    }
  }
}

export async function respondWith(
  playbooks: string,
  world: World,
  options: Partial<RespondOptions> & { readonly folder: string },
): Promise<OpenResponder> {
  return openResponder({
    files: [{ name: 'p.yaml', content: playbooks }],
    source: alerts(),
    ports: world.ports,
    hostname: 'web-1',
    maxAge: Number.POSITIVE_INFINITY,
    log: () => {},
    ...options,
  })
}

/** An alert about a container. */
export const shellIn = (container: string, more: Record<string, unknown> = {}) =>
  alertOf({ rule: 'Shell', hostname: 'web-1', output_fields: { 'container.id': container }, ...more })

/** The journal, in a few words for each entry. */
export const journalOf = (path: string) =>
  Journal.read(path).entries.map(entry => {
    if (entry.kind === 'note') return entry.text
    const about = `${entry.kind} ${entry.action} ${entry.target?.uid ?? ''}`
    if (entry.kind === 'held') return `${about}: ${entry.guard}`
    return 'outcome' in entry ? `${about}: ${entry.outcome satisfies Outcome}` : about
  })

/** A playbook about shells. */
export const playbook = (mode: string, limits = '{ total: 100/1h }', steps = '[{ stop_container: }]') =>
  `- playbook: p\n  when: alert.rule = Shell\n  mode: ${mode}\n  limits: ${limits}\n  steps: ${steps}\n`
