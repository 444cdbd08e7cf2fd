import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the program of docs/engine-api.md prints what stands there', () => {
  const text = readFileSync(new URL('../../../../docs/engine-api.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, block]) => ({
    language,
    block: block!,
  }))
  const program = blocks.filter(({ language }) => language === 'ts').map(({ block }) => block)
  const shown = blocks.filter(({ language }) => language === '').map(({ block }) => block.trimEnd())
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const args = ['--conditions=@falc/source', '--input-type=module-typescript', '-e', program.join('')]
  const out = execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })
  expect(out.replace(/\n{2,}(?=\S)/g, '\n').trimEnd()).toBe(shown.join('\n').replace(/\n{2,}(?=\S)/g, '\n'))
})
