/** The thread: engine, sources and language, away from the page. */
import { Language } from './language.ts'
import type { Answer, Call, Calls, News } from './messages.ts'
import { Run } from './run.ts'
import { runTests } from './tests.ts'

interface Scope {
  postMessage(message: Answer | News): void
  onmessage: ((event: { data: Call }) => void) | null
}

const scope = globalThis as unknown as Scope
const tell = (news: News) => scope.postMessage(news)
const language = new Language(tell)
const run = new Run(tell)

const calls: { [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => unknown } = {
  texts: files => language.texts(files),
  check: name => language.check(name),
  complete: (name, offset) => language.complete(name, offset),
  doc: (name, offset, label, kind) => language.doc(name, offset, label, kind),
  hover: (name, offset) => language.hover(name, offset),
  colors: name => language.colors(name),
  completeFilter: (text, offset) => language.completeFilter(text, offset),
  checkFilter: text => language.checkFilter(text),
  load: files => run.load(files),
  run: input => run.run(input),
  why: number => run.why(number),
  test: (rules, tests) => runTests(rules, tests),
}

scope.onmessage = async ({ data: { id, call, args } }) => {
  try {
    scope.postMessage({ id, value: await (calls[call] as (...args: readonly unknown[]) => unknown)(...args) })
  } catch (error) {
    scope.postMessage({ id, error: (error as Error).message })
  }
}
