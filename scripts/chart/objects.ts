/** The objects of deploy/kubernetes, rendered by Helm's template engine and by Kustomize. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, parseAllDocuments, stringify } from 'yaml'

export const CHART = resolve(import.meta.dirname, '../../deploy/kubernetes')

/** Names of the folders with values and an overlay that give the same objects. */
export const SCENARIOS = readdirSync(join(CHART, 'scenarios')).sort()

export type KubeObject = any

/** Debian's folder of Go's libraries. */
const GOPATH = '/usr/share/gocode'

/** What is missing to render the chart and the overlays, undefined when nothing is. */
export function cannotRender(): string | undefined {
  if (spawnSync('go', ['version']).status !== 0) return 'charts are rendered by a program that needs go'
  if (!existsSync(`${GOPATH}/src/github.com/Masterminds/sprig`))
    return 'charts are rendered with golang-github-masterminds-sprig-dev'
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) return 'overlays are built by kubectl'
  return undefined
}

/** Renders the chart; one program, built once. */
export class Renderer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'falc-chart-'))
  readonly #program = join(this.#folder, 'render')

  constructor() {
    // What compiles fast is enough.
    const build = ['build', '-gcflags=all=-N -l', '-o', this.#program, join(import.meta.dirname, 'render.go')]
    execFileSync('go', build, { env: { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' }, stdio: 'pipe' })
  }

  /** What each of these values gives, as text. */
  texts(values: readonly object[]): { text?: string; error?: string }[] {
    const files = values.map((one, i) => {
      const file = join(this.#folder, `${i}.yaml`)
      writeFileSync(file, stringify(one))
      return file
    })
    const printed = execFileSync(this.#program, [CHART, 'falc', 'falc', ...files], { maxBuffer: 1 << 28 })
    return JSON.parse(printed.toString())
  }

  /** @throws {Error} with what the chart refuses */
  helm(values: object): KubeObject[] {
    const [{ text, error } = {}] = this.texts([values])
    if (text === undefined) throw new Error(error)
    return documents(text)
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

/** The values of a scenario, with the files that `--set-file` names beside them. */
export function valuesOf(scenario: string): any {
  const folder = join(CHART, 'scenarios', scenario)
  const text = readFileSync(join(folder, 'values.yaml'), 'utf8')
  const values = parse(text) ?? {}
  for (const [, path, file] of text.matchAll(/--set-file ([\w.]+)=(\S+)/g)) {
    const keys = path!.split('.')
    const last = keys.pop()!
    keys.reduce((map, key) => (map[key] ??= {}), values)[last] = readFileSync(join(folder, file!), 'utf8')
  }
  return values
}

export function kustomize(folder: string): KubeObject[] {
  return documents(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', maxBuffer: 1 << 24 }))
}

function documents(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map(document => document.toJS())
    .filter(object => object)
}

export const placeOf = ({ kind, metadata }: KubeObject): string =>
  [kind, ...(metadata.namespace ? [metadata.namespace] : []), metadata.name].join(' ')

/** By place, in one order; texts of YAML as what they say, without comments and layout. */
export function normal(objects: readonly KubeObject[]): Record<string, KubeObject> {
  const said = (texts: Record<string, string>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, parse(text)]))
  return Object.fromEntries(
    objects
      .map(object => ({
        ...object,
        ...(object.data && { data: said(object.data) }),
        ...(object.stringData && { stringData: said(object.stringData) }),
      }))
      .map(object => [placeOf(object), object] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** What the API's own models say against objects, a line for each. @throws {Error} when they cannot be asked */
export function wrongIn(objects: readonly KubeObject[]): string[] {
  const python = join(CHART, '../../packages/kubernetes/test/strict.py')
  const printed = execFileSync('/usr/bin/python3', [python], { input: JSON.stringify(objects), encoding: 'utf8' })
  return printed.split('\n').filter(Boolean)
}
