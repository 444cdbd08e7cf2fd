/**
 * Tests of playbooks, in YAML beside them (`playbooks.test.yaml`):
 *
 *     - test: a shell in the cluster's own namespace is left alone
 *       alert: { rule: Terminal shell in container, output_fields: { k8s.ns.name: kube-system } }
 *       expect:
 *         Contain a shell: [ ]
 *
 * `expect` has, for each playbook that is about the alert, what its steps would ask for, a line for each call, and `held: REASON` for a step
 * that does not act.
 */

import { faultsOf, type Schema } from './model/params.ts'
import { PlaybookDocument } from './playbook/document.ts'
import { type TestedPlan, type TestOptions, testPlaybookThreaded } from './test-playbook.ts'

const CASE = {
  type: 'object',
  properties: {
    test: { type: 'string', minLength: 1 },
    alert: { type: 'object' },
    expect: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
  },
  required: ['test', 'alert', 'expect'],
} as const satisfies Schema

export interface CaseResult {
  readonly name: string
  /** The differences, one per line: `- ` expected, `+ ` planned. Empty: it holds. */
  readonly differences: readonly string[]
}

/** @param playbooks their YAML @throws {PlaybookError} when a file is malformed */
export async function runCases(
  file: { readonly name: string; readonly content: string },
  playbooks: string,
  options: TestOptions = {},
): Promise<CaseResult[]> {
  const document = new PlaybookDocument(file.name, file.content)
  const cases = document.value ?? []
  if (!Array.isArray(cases)) throw document.error('a file of tests is a list: - test: NAME', [])
  const results: CaseResult[] = []
  for (const [i, one] of cases.entries()) {
    const [fault] = faultsOf(CASE, one)
    if (fault) throw document.error(fault.reason, [i, ...fault.path], fault.key)
    const plans = await planned(one.alert, playbooks, options, reason => document.error(reason, [i, 'alert']))
    results.push({ name: one.test, differences: differences(one.expect, plans) })
  }
  return results
}

type Lines = Readonly<Record<string, readonly string[]>>

async function planned(
  alert: Record<string, unknown>,
  playbooks: string,
  options: TestOptions,
  error: (reason: string) => Error,
): Promise<Lines> {
  try {
    const plans = await testPlaybookThreaded(playbooks, alert, options)
    return Object.fromEntries(plans.map(({ playbook, steps }) => [playbook, steps.flatMap(linesOf)]))
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw error(thrown.message)
    throw thrown
  }
}

function linesOf({ calls, held }: TestedPlan['steps'][number]): string[] {
  if (held !== undefined) return [`held: ${held}`]
  return calls.map(call => (typeof call === 'string' ? call : call.says))
}

function differences(expected: Lines, actual: Lines): string[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)])
  return [...names].flatMap(name => {
    const [wanted, got] = [expected[name], actual[name]]
    if (wanted !== undefined && got !== undefined && JSON.stringify(wanted) === JSON.stringify(got)) return []
    return [...shown('-', name, wanted), ...shown('+', name, got)]
  })
}

const shown = (sign: string, name: string, lines: readonly string[] | undefined): string[] =>
  lines === undefined
    ? []
    : lines.length === 0
      ? [`${sign} ${name}: nothing`]
      : lines.map(line => `${sign} ${name}: ${line}`)
