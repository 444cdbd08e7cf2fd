import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadFunctions } from '../src/index.ts'
import { folder, journalOf, respondWith, shellIn, World } from './machine.ts'

function file(run: string, more = ''): string {
  const path = join(folder(), 'action.mjs')
  writeFileSync(
    path,
    `export default {
      name: 'open_ticket',
      doc: 'Opens a ticket.',
      example: '{ queue: security }',
      params: { type: 'object', properties: { queue: { type: 'string', default: 'security' } } },
      target: alert => ({ kind: 'alert', uid: alert.id, name: 'the alert' }),
      plan: ({ params }) => ['a ticket in ' + params.queue],
      run: ${run},
      ${more}
    }`,
  )
  return path
}

/** @returns what the journal says of it */
async function outcome(run: string, timeout = 30_000): Promise<string> {
  const path = folder()
  const playbook = '- { playbook: p, when: alert.rule = Shell, mode: enforce, steps: [{ open_ticket: }] }'
  const actions = await loadFunctions([file(run)])
  const open = await respondWith(playbook, new World(), { folder: path, actions, timeout })
  await open.responder.take(shellIn('aaaaaaaaaaaa'))
  await open.close()
  return journalOf(path)
    .at(-1)!
    .replace(/^answered open_ticket \w+: /, '')
}

describe('a function', () => {
  test.each([
    [
      'that answers',
      'async ({ alert, params, dry }) => ({ outcome: "already", said: alert.rule + params.queue + dry })',
      'already',
    ],
    ['that answers nothing', '() => {}', 'done'],
    ['that throws', '() => { throw new Error("no") }', 'failed'],
    ['that takes all memory', '() => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)) }', 'failed'],
    ['that ends its thread', '() => process.exit(1)', 'failed'],
    [
      'that looks for secrets',
      '() => { if (Object.keys(process.env).some(name => name !== "PATH")) throw new Error("found") }',
      'done',
    ],
  ])('%s', async (_, run, expected) => {
    expect(await outcome(run)).toBe(expected)
  })

  test.each([
    ['that never ends', '() => { for (;;); }'],
    ['that waits for ever', '() => new Promise(resolve => setTimeout(resolve, 1e9))'],
  ])('%s is ended, and what it did is undecided', async (_, run) => {
    expect(await outcome(run, 1500)).toBe('undecided')
  })

  test.each([
    ['a name of falc’s own', ', name: "kill_process"', 'there is an action kill_process already'],
    ['no schema', ', params: []', 'open_ticket: params must be a JSON Schema of an object'],
    ['no plan', ', plan: "x"', 'open_ticket: target and plan must be functions'],
  ])('with %s is refused', async (_, more, expected) => {
    await expect(loadFunctions([file('() => {}', more.slice(2))])).rejects.toThrow(expected)
  })

  test('a file that is none', async () => {
    await expect(loadFunctions([join(folder(), 'none.mjs')])).rejects.toThrow('none.mjs')
  })
})
