import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { disassemble } from '../../src/bytecode/disassemble.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { MemoLayout } from '../../src/bytecode/memo.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { mockSource } from './mock-source.ts'

/**
 * A file of cases/listing is a list of cases: `# title`, the roots of one program (a condition per line), `---`, its
 * listing. `UPDATE=1` writes the listings anew. A title with the word "memo" compiles with a memo layout.
 */
const folder = new URL('../cases/listing/', import.meta.url)
const table = new FieldTable(mockSource)

for (const name of readdirSync(folder).filter(file => file.endsWith('.txt'))) {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const cases = text
    .split(/^# /m)
    .slice(1)
    .map(block => {
      const [head = '', listing = ''] = block.split(/^---\n/m)
      const [title = '', ...roots] = head.trim().split('\n')
      return { title, roots, listing: listing.trimEnd() }
    })
  const listings = cases.map(({ title, roots }) => {
    const nodes = roots.map(root => lower(parseCondition(root), table).node)
    const memo = /\bmemo\b/.test(title) ? { memo: new MemoLayout() } : {}
    return disassemble(compileProgram(table, nodes, memo)).trimEnd()
  })
  if (process.env.UPDATE) {
    const blocks = cases.map((c, i) => `# ${c.title}\n${c.roots.join('\n')}\n---\n${listings[i]}\n`)
    writeFileSync(new URL(name, folder), blocks.join('\n'))
  }
  describe(name, () => {
    test.each(cases.map((c, i) => [c.title, c.listing, listings[i]!]))('%s', (_, expected, listing) => {
      if (!process.env.UPDATE) expect(listing).toBe(expected)
    })
  })
}
