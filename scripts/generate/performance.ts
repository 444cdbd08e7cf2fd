import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Figure } from '../../bench/src/measure.ts'

const root = resolve(import.meta.dirname, '../..')

interface Recorded {
  readonly day: string
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Processes that wanted a core in the last five minutes. */
  readonly load: string
  readonly rows: readonly Figure[]
}

/** docs/performance.md with the figures of bench/figures.json between its marks: `<!-- figures: audit -->`. */
export function performancePage(): string {
  const page = readFileSync(join(root, 'docs/performance.md'), 'utf8')
  const recorded: Record<string, Recorded> = JSON.parse(readFileSync(join(root, 'bench/figures.json'), 'utf8'))
  return page.replace(/<!-- figures: (\w+) -->\n[\s\S]*?<!-- end of figures -->/g, (_, name: string) => {
    const one = recorded[name]
    if (!one) throw new Error(`docs/performance.md: bench/figures.json has no figures of '${name}'`)
    return `<!-- figures: ${name} -->\n\n${table(one)}\n\n<!-- end of figures -->`
  })
}

function table({ day, node, cpu, cores, load, rows }: Recorded): string {
  const lines = rows.map(({ what, figure, goal }) => `| ${what} | ${figure} | ${goal} |`)
  return `| what | measured | goal |\n| --- | --- | --- |\n${lines.join('\n')}\n\nNode ${node.slice(1)}, ${cpu}, ${cores} cores, load ${load}, ${day}.`
}
