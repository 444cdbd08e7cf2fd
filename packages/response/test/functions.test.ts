import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadFunctions, testPlaybook } from '../src/index.ts'
import { testPlaybookThreaded } from '../src/test-playbook.ts'
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

/** @returns the outcome in the journal */
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
      'that returns an outcome',
      'async ({ alert, params, dry }) => ({ outcome: "already", said: alert.rule + params.queue + dry })',
      'already',
    ],
    ['that returns nothing', '() => {}', 'done'],
    ['that returns no outcome', '() => ({ said: "a ticket" })', 'failed'],
    ['that throws', '() => { throw new Error("no") }', 'failed'],
    ['that takes all memory', '() => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)) }', 'failed'],
    ['that ends its thread', '() => process.exit(1)', 'failed'],
    [
      'that looks for secrets',
      '() => { if (Object.keys(process.env).some(name => name !== "PATH")) throw new Error("found") }',
      'done',
    ],
  ])('%s: the journal has its outcome', async (_, run, expected) => {
    expect(await outcome(run)).toBe(expected)
  })

  test.each([
    ['that never ends', '() => { for (;;); }'],
    ['that waits for ever', '() => new Promise(resolve => setTimeout(resolve, 1e9))'],
  ])('%s is terminated, and its outcome is undecided', async (_, run) => {
    expect(await outcome(run, 1500)).toBe('undecided')
  })

  const PLAYBOOK =
    '- { playbook: p, when: alert.rule = Shell, steps: [{ open_ticket: { for: 1h } }, { notify: { output: x } }] }'

  test.each([
    ['that returns texts', "plan: async ({ target }) => ['a ticket about ' + target.name]", 'a ticket about the alert'],
    ['that throws', 'plan: () => { throw new Error("no") }', 'open_ticket: no'],
    ['that refuses', 'target: () => { throw Object.assign(new Error("not this"), { name: "Refusal" }) }', 'not this'],
    ['that never ends', 'plan: () => { for (;;); }', 'open_ticket: plan took longer than 0.3 s'],
    ['that waits for ever', 'target: () => new Promise(() => {})', 'open_ticket: plan took longer than 0.3 s'],
    [
      'that takes all memory',
      'plan: () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)) }',
      /^open_ticket: Worker terminated due to reaching memory limit/,
    ],
    ['that ends its thread', 'plan: () => process.exit(1)', 'open_ticket: the function ended without an answer'],
    ['without a target', 'target: () => ({ kind: "pod" })', 'open_ticket: target must return a kind, a uid and a name'],
    ['with a bad call', 'plan: () => [{ via: "engine" }]', 'open_ticket: plan must return a list of calls and texts'],
    ['whose plan cannot be cloned', 'plan: () => [() => {}]', /^open_ticket: .* could not be cloned/],
    ['that looks for secrets', 'plan: () => Object.keys(process.env)', 'PATH'],
  ])('planning in a thread, one %s: other steps and the next alert are still planned', async (_, more, expected) => {
    const path = file('() => {}', `${more}, undo: () => []`)
    // Only functions that never answer get a short timeout.
    const actions = await loadFunctions([path], { planning: String(expected).includes('0.3 s') ? 300 : 60_000 })
    for (const rule of ['Shell', 'Shell']) {
      const [plan] = await testPlaybookThreaded(PLAYBOOK, { rule }, { actions })
      const [step, next] = plan!.steps
      expect(step!.held ?? step!.calls.join()).toMatch(expected)
      expect(next!.calls).toMatchObject([{ says: 'tell x' }])
    }
    expect(() => testPlaybook(PLAYBOOK, { rule: 'Shell' }, { actions })).toThrow('its own thread')
  })

  test('an undo is also planned in the thread', async () => {
    const [world, path] = [new World(), folder()]
    const undo = `undo: ({ alert, answers }) => [{ via: 'output', output: 'x', says: alert.rule + answers[0].ticket }]`
    const actions = await loadFunctions([file('() => ({ outcome: "done", said: "", data: { ticket: 7 } })', undo)])
    const open = await respondWith(PLAYBOOK.replace('steps', 'mode: enforce, steps'), world, { folder: path, actions })
    await open.responder.take(shellIn('aaaaaaaaaaaa'))
    await open.undo.now(open.undo.runs[0]!)
    await open.close()
    expect(world.asked).toEqual(['tell x', 'Shell7'])
  })

  test.each([
    ['the name of a built-in action', ', name: "kill_process"', 'there is an action kill_process already'],
    ['no schema', ', params: []', 'open_ticket: params must be a JSON Schema of an object'],
    ['no plan', ', plan: "x"', 'open_ticket: target and plan must be functions'],
  ])('with %s is refused', async (_, more, expected) => {
    await expect(loadFunctions([file('() => {}', more.slice(2))])).rejects.toThrow(expected)
  })

  test('in a file that does not exist is refused', async () => {
    await expect(loadFunctions([join(folder(), 'none.mjs')])).rejects.toThrow('none.mjs')
  })
})
