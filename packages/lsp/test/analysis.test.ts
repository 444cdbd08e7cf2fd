import { MessageChannel } from 'node:worker_threads'
import { Engine } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import { cpuOf } from '../../../scripts/testing/cost.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { SOURCES } from '../../authoring/test/sources.ts'
import { serveAnalyses } from '../src/analysis/analysis-thread.ts'
import { Analyst, type Thread } from '../src/analysis/analyst.ts'
import type { Check, Found, Port } from '../src/analysis/messages.ts'
import { RulesDocument } from '../src/document/rules-document.ts'
import type { RulesFile } from '../src/workspace/workspace.ts'

const rule = (name: string, condition: string) => `- rule: ${name}
  desc: d
  condition: ${condition}
  output: x (user=%user.name cmd=%proc.cmdline)
  priority: WARNING
`
const file = (uri: string, text: string): RulesFile => ({ uri, rules: new RulesDocument(text) })

/** An analyst whose thread is this one; `started` counts threads, and `crash` ends the last one. */
function analyst() {
  const found: { uri: string; text: string; codes: string[]; done: boolean }[] = []
  const log: string[] = []
  let started = 0
  let crash = (_: Error) => {}
  const start = (): Thread => {
    started++
    const { port1, port2 } = new MessageChannel()
    onTestFinished(() => port1.close())
    serveAnalyses(port2 as unknown as Port<Found, Check>, SOURCES)
    return {
      postMessage: message => port1.postMessage(message),
      on: (event: 'message' | 'error', listener: (value: any) => void) => {
        if (event === 'message') port1.on('message', listener)
        else crash = listener
      },
      terminate: async () => port1.close(),
    }
  }
  const subject = new Analyst(start, {
    found: (uri, text, findings, done) => found.push({ uri, text, codes: findings.map(({ code }) => code), done }),
    log: message => log.push(message),
  })
  return {
    subject,
    found,
    log,
    started: () => started,
    crash: (error: Error) => crash(error),
    idle: () => until('the analysis', () => subject.isIdle),
  }
}

test('of many versions of one file, only the last is analysed to the end', async () => {
  const { subject, found, idle } = analyst()
  for (let i = 0; i < 20; i++) subject.check(file('a', rule('R', `evt.type = execve and proc.name = p${i}`)), [], true)
  await idle()
  expect(found.at(-1)!.text).toContain('p19')
  expect(found.filter(({ done }) => done)).toHaveLength(1)
})

test('files are analysed one after another, each with the files loaded before it', async () => {
  const { subject, found, idle } = analyst()
  const base = file('base', '- macro: m\n  condition: evt.type = execve\n')
  subject.check(file('a', rule('R', 'm and proc.name = a')), [base], false)
  subject.check(file('b', rule('R', 'n and proc.name = a')), [base], false)
  await idle()
  expect(found.map(({ uri, codes }) => [uri, codes])).toEqual([
    ['a', []],
    ['b', ['LOAD_ERR_VALIDATE']],
  ])
})

test('nothing is reported in a quoted text, whose places in the file are not known', async () => {
  const { subject, found, idle } = analyst()
  const quoted = JSON.stringify(rule('R', 'evt.type = execve and nothing'))
  subject.check(file('a', `data:\n  rules.yaml: ${quoted}\n`), [], true)
  await idle()
  expect(found.map(({ codes, done }) => [codes, done])).toEqual([
    [[], false],
    [[], true],
  ])
})

test('a thread that fails is replaced, and the next file is analysed', async () => {
  const { subject, found, log, started, crash, idle } = analyst()
  subject.check(file('a', rule('A', 'evt.type = execve')), [], true)
  subject.check(file('b', rule('B', 'evt.type = execve')), [], true)
  crash(new Error('out of memory'))
  await idle()
  expect(log).toEqual(['the analysis has failed: out of memory'])
  expect(started()).toBe(2)
  expect(found.map(({ uri, done }) => `${uri} ${done}`)).toEqual(['b false', 'b true'])
})

test('a keystroke costs less than a fifth of an analysis of all files', () => {
  const engine = new Engine({ sources: SOURCES })
  const before = Array.from({ length: 200 }, (_, i) => ({
    name: `f${i}`,
    content: `- list: l${i}\n  items: [a, b]\n- macro: m${i}\n  condition: proc.name in (l${i})\n${rule(`R${i}`, `evt.type = execve and m${i} and fd.name startswith /etc`)}`,
  }))
  const all = cpuOf(() =>
    engine.analyse([{ name: 'z', content: rule('Z', 'evt.type = execve and m1') }], engine.foundation(before)),
  )
  const foundation = engine.foundation(before)
  let n = 0
  const keystroke = cpuOf(
    () =>
      engine.analyse(
        [{ name: 'z', content: rule('Z', `evt.type = execve and m1 and proc.pname = p${n++}`) }],
        foundation,
      ),
    10,
  )
  expect(keystroke).toBeLessThan(all / 5)
})
