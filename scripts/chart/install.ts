/** The commands of docs/kubernetes.md, as far as they go without a cluster: what they would send is made, and is what the API knows. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { FALC } from '../testing/command.ts'
import { CHART, type KubeObject, kustomize, placeOf, type Renderer, wrongIn } from './objects.ts'

const root = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')
const COMMANDS = [...page.matchAll(/^```sh needs=cluster\n(.*?)^```/gms)].flatMap(([, text]) =>
  text!.replaceAll('\\\n', ' ').split('\n').filter(Boolean),
)

/** Files that a reader has: those of the scenario. */
const own = (name: string) =>
  join(/^(playbooks|roles)\.yaml$/.test(name) ? join(CHART, 'scenarios/responder') : root, name)

/** A test for each command. */
export function testCommands(renderer: () => Renderer): void {
  const namespace = parse(readFileSync(join(CHART, 'parts/namespace/objects.yaml'), 'utf8'))

  /** By the first words of a command: what it makes, or whether it is what it should be. */
  const RUN: Readonly<Record<string, (words: string[]) => KubeObject[]>> = {
    'kubectl create': words => {
      expect(words).toEqual(['namespace', namespace.metadata.name])
      return [namespace]
    },
    'kubectl label': ([object, label]) => {
      expect(object).toBe(`namespace/${namespace.metadata.name}`)
      expect([label!.split('=')]).toEqual(Object.entries(namespace.metadata.labels))
      return [namespace]
    },
    'kubectl apply': ([flag, folder]) => {
      expect(flag).toBe('-k')
      return kustomize(join(root, folder!))
    },
    'helm install': ([, chart, ...flags]) => {
      expect(join(root, chart!)).toBe(CHART)
      return renderer().helm(valuesOf(flags))
    },
    'falc respond': words => {
      const args = words.slice(0, words.indexOf('>')).map(word => (word.endsWith('.yaml') ? own(word) : word))
      const printed = execFileSync(process.execPath, [...FALC.slice(1), 'respond', ...args], { encoding: 'utf8' })
      expect(printed).toBe(readFileSync(own('roles.yaml'), 'utf8'))
      return []
    },
  }

  test.each(COMMANDS)('%s', command => {
    const [program, verb, ...words] = command.trim().split(/\s+/)
    const objects = RUN[`${program} ${verb}`]!(words)
    expect(new Set(objects.map(placeOf)).size).toBe(objects.length)
    expect(wrongIn(objects.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.')))).toEqual([])
  })
}

/** Of helm's flags: `--set a.b=c`, `--set-file a.b=FILE`, `-f FILE`. */
function valuesOf(flags: readonly string[]): any {
  let values: any = {}
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] === '--namespace=falc') continue
    const [flag, value] = [flags[i], flags[++i]!]
    if (flag === '-f') values = { ...values, ...parse(readFileSync(own(value), 'utf8')) }
    else if (flag === '--set' || flag === '--set-file') {
      const [path, text] = value.split('=') as [string, string]
      const keys = path.split('.')
      const last = keys.pop()!
      keys.reduce((map, key) => (map[key] ??= {}), values)[last] =
        flag === '--set' ? parse(text) : readFileSync(own(text), 'utf8')
    } else throw new Error(`helm install has no flag ${flag} here`)
  }
  return values
}
