import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startFalc } from './process.ts'
import { readCases } from './sections.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/*
 * Sections: names of files (with a dot) with their contents; `args`, one per line; `stdin`; `env`, A=B lines; then
 * `stdout`, `stderr`, `exit` (default 0) and `after FILE` (its contents in the end) as expected. A line `…` in expected
 * output stands for any lines.
 */
for (const { file, cases } of readCases(new URL('cases/cli/', import.meta.url))) {
  describe(file, () => {
    test.concurrent.each(cases.map(c => [c.title, c] as const))('%s', async (title, { sections }) => {
      const folder = join(dir, title.replace(/\W+/g, '-'))
      mkdirSync(folder)
      for (const [name, text] of sections) {
        if (!name.includes('.') || name.includes(' ')) continue
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text)
      }
      const lines = (name: string) => (sections.get(name) ?? '').split('\n').filter(Boolean)
      const env = Object.fromEntries(lines('env').map(line => line.split(/=(.*)/s).slice(0, 2)))
      const falc = startFalc(lines('args'), folder, env)
      falc.child.stdin.end(sections.get('stdin') ?? '')
      const code = await falc.exit
      for (const stream of ['stdout', 'stderr'] as const) {
        const expected = sections.get(stream)
        if (expected !== undefined) expectLines(falc.output[stream], expected)
      }
      for (const [name, text] of sections) {
        if (name.startsWith('after ')) expectLines(readFileSync(join(folder, name.slice(6)), 'utf8'), text)
      }
      expect([code, falc.output.stderr]).toEqual([Number(sections.get('exit') ?? 0), falc.output.stderr])
    })
  })
}

function expectLines(actual: string, expected: string): void {
  if (!/^…$/m.test(expected)) {
    expect(actual).toBe(expected)
    return
  }
  const parts = expected.split(/^…\n/m).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  expect(actual).toMatch(new RegExp(`^${parts.join('(?:.*\\n)*')}$`))
}
