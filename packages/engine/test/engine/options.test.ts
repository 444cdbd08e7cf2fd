import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { RuleTester } from '../../src/engine/rule-tester.ts'
import { loadRuleset } from '../../src/runtime.ts'
import { shop } from './shop.ts'

/** What a caller in JavaScript may write. */
const engine = (options?: object) => () => new Engine(options as never)
const evaluate = (source: unknown, event: unknown) => () =>
  new Engine({ sources: [shop] }).evaluate(source as never, event)
const load = (files?: unknown) => () => new Engine({ sources: [shop] }).load(files as never)

test.each([
  [engine(), 'Engine: expected an object (sources, plugins, priority, '],
  [engine([shop]), 'Engine: expected an object (sources, '],
  [engine({}), "Engine: option 'sources': expected a list, got undefined"],
  [engine({ sources: shop }), "Engine: option 'sources': expected a list, got an object"],
  [
    engine({ sources: ['shop'] }),
    "Engine: option 'sources'[0]: expected a source as defineSource returns it, got 'shop'",
  ],
  [engine({ sources: [shop, shop] }), "Engine: two sources are named 'shop'"],
  [evaluate('shopp', {}), "the engine has no source 'shopp' (sources: shop)"],
  [evaluate({ table: 'items' }, shop), 'expected a source, or the name of one, before the event (sources: shop)'],
  [engine({ sources: [shop], priority: 'URGENT' }), "Engine: unknown priority 'URGENT'; allowed: Emergency, Alert, "],
  [engine({ sources: [shop], priority: 3 }), "Engine: option 'priority': expected a string, got 3"],
  [
    engine({ sources: [shop], ruleMatching: 'al' }),
    "Engine: option 'ruleMatching': unknown value 'al', did you mean 'all'? (allowed: first, all)",
  ],
  [
    engine({ sources: [shop], rulematching: 'all' }),
    "Engine: unknown option 'rulematching', did you mean 'ruleMatching'? (allowed: ",
  ],
  [engine({ sources: [shop], backend: 'wasm' }), "Engine: option 'backend': unknown value 'wasm' (allowed: jit, vm)"],
  [engine({ sources: [shop], onError: true }), "Engine: option 'onError': expected a function, got true"],
  [
    engine({ sources: [shop], tuning: { jit: true } }),
    "Engine: option 'tuning': unknown option 'jit' (allowed: index, memo, treeWalk)",
  ],
  [
    engine({ sources: [shop], ruleSelection: [{ op: 'on', rule: 'x' }] }),
    "Engine: option 'ruleSelection'[0]: option 'op': unknown value 'on' (allowed: enable, disable)",
  ],
  [
    engine({ sources: [shop], appendOutput: [{ extra: 'x' }] }),
    "Engine: option 'appendOutput'[0]: unknown option 'extra'",
  ],
  [load(), 'load: expected a list of files, [{ name, content }], whose name and content are strings; got undefined'],
  [
    load('- rule: r'),
    "load: expected a list of files, [{ name, content }], whose name and content are strings; got '- rule: r'",
  ],
  [load(['- rule: r']), "whose name and content are strings; file 0 is '- rule: r'"],
  [
    load([
      { name: 'a.yaml', content: '' },
      { name: 'b.yaml', content: new Uint8Array(1) },
    ]),
    'content of file 1 is an object',
  ],
  [load([{ content: '' }]), 'name of file 0 is undefined'],
  [
    () => new RuleTester({ file: [], source: shop } as never),
    "RuleTester: unknown option 'file', did you mean 'files'?",
  ],
  [
    () => loadRuleset(new Uint8Array(0), { source: [shop] } as never),
    "loadRuleset: unknown option 'source', did you mean 'sources'?",
  ],
  [
    () => new Engine({ sources: [shop] }).run([], { sorce: shop } as never),
    "run: unknown option 'sorce', did you mean 'source'?",
  ],
])('wrong call %# throws a TypeError that says what is wrong', (wrong, message) => {
  expect(wrong).toThrow(TypeError)
  expect(wrong).toThrow(message)
})

test('an undefined option is treated as omitted', () => {
  expect(engine({ sources: [shop], priority: undefined, hostname: undefined, tuning: undefined })).not.toThrow()
})

test('a rule without a source belongs to syscall, and a warning says so if there is no such source', () => {
  const rule = { rule: 'r', desc: 'd', condition: 'crud.table = items', output: 'x', priority: 'INFO' }
  const { warnings } = new Engine({ sources: [shop] }).load([{ name: 'r.json', content: JSON.stringify([rule]) }])
  expect(warnings.map(({ message }) => message)).toEqual([
    "Unknown source syscall, skipping: a rule without 'source:' is of the source syscall; write one of shop",
  ])
})
