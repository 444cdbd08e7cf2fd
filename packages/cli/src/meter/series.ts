/** Prometheus' text format. */
import type { Metric } from './metric.ts'

export type Labels = Readonly<Record<string, string>>

/** Samples by name: all samples of a name are together, below one HELP and one TYPE. */
export class Page {
  readonly #families = new Map<string, string>()

  add(name: string, kind: Metric['kind'], help: string, value: number | bigint, labels: Labels = {}): void {
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
    const sample = `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
    this.#families.set(name, (this.#families.get(name) ?? head) + sample)
  }

  get text(): string {
    return [...this.#families.values()].join('')
  }
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
}
