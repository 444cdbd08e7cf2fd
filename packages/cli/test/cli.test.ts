import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { readCases, UPDATE } from '../../../scripts/testing/cases.ts'
import { startFalc } from './process.ts'

const CASES = new URL('cases/cli/', import.meta.url)
const CAPTURES = fileURLToPath(new URL('../../../examples/captures', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'falc-cli-'))
afterAll(() => rmSync(root, { recursive: true }))

/*
 * Sections: names of files (with a dot) with their contents; `args`, one per line; `stdin`; `env`, A=B lines; then
 * `stdout`, `stderr`, `logged` (lines of the log, without their times), `exit` (default 0) and `after FILE` (its contents afterwards) as expected. $CAPTURES is examples/captures. A line `…` in expected
 * output stands for any lines, ` …` at the end of a line for its rest. FALC_UPDATE=1 rewrites expectations that do not hold (and have
 * neither).
 */
for (const { file, cases } of readCases(CASES)) {
  describe(file, () => {
    test.each(cases)('$title', async one => {
      const { sections } = one
      const folder = mkdtempSync(join(root, 'case-'))
      for (const [name, text] of sections) {
        if (!name.includes('.') || name.includes(' ')) continue
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text.replaceAll('$CAPTURES', CAPTURES))
      }
      const lines = (name: string) =>
        (sections.get(name) ?? '').replaceAll('$CAPTURES', CAPTURES).split('\n').filter(Boolean)
      const env = Object.fromEntries(lines('env').map(line => line.split(/=(.*)/s).slice(0, 2)))
      const falc = startFalc(lines('args'), folder, env)
      falc.child.stdin.end(sections.get('stdin') ?? '')
      const code = await falc.exit
      for (const stream of ['stdout', 'stderr'] as const) {
        const expected = sections.get(stream)
        if (expected !== undefined)
          expectLines(falc.output[stream].replaceAll(CAPTURES, '$CAPTURES'), expected, text => one.update(stream, text))
      }
      const log = falc.output.stderr.split('\n').map(line => line.replace(/^\w+ \w+ +\d+ [\d:]+ \d+: /, ''))
      for (const line of lines('logged')) expect(log).toContain(line)
      for (const [name, text] of sections) {
        if (name.startsWith('after ')) expectLines(readFileSync(join(folder, name.slice(6)), 'utf8'), text)
      }
      expect([code, falc.output.stderr]).toEqual([Number(sections.get('exit') ?? 0), falc.output.stderr])
    })
  })
}

function expectLines(actual: string, expected: string, update?: (text: string) => void): void {
  if (!/(?:^| )…$/m.test(expected)) {
    if (UPDATE && update && actual !== expected) {
      update(actual)
      return
    }
    expect(actual).toBe(expected)
    return
  }
  const parts = expected
    .split(/^…\n/m)
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/ …$/gm, ' .*'))
  expect(actual).toMatch(new RegExp(`^${parts.join('(?:.*\\n)*')}$`))
}
