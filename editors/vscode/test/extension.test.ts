/** The archive that VS Code installs: what is in it, whether its manifest is sound, and whether its code loads. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { runInNewContext } from 'node:vm'
import { strFromU8, unzipSync } from 'fflate'
import { beforeAll, describe, expect, test } from 'vitest'
import * as oniguruma from 'vscode-oniguruma'
import { INITIAL, type IRawGrammar, Registry } from 'vscode-textmate'
import { SETTINGS } from '../../../packages/lsp/src/server/settings.ts'
import { readCases } from '../../../scripts/testing/cases.ts'
import { pack } from '../package.ts'

const require = createRequire(import.meta.url)
let files: Record<string, Uint8Array>
let manifest: any
const text = (name: string) => strFromU8(files[name]!)

beforeAll(async () => {
  files = unzipSync(await pack())
  manifest = JSON.parse(text('extension/package.json'))
})

describe('the archive', () => {
  test('holds the files that its two descriptions name', () => {
    const description = text('extension.vsixmanifest')
    for (const [, path] of description.matchAll(/ Path="([^"]+)"/g)) expect(Object.keys(files)).toContain(path)
    const endings = new Set(Object.keys(files).map(name => /\.\w+$/.exec(name)![0]))
    for (const ending of endings) if (ending !== '.xml') expect(text('[Content_Types].xml')).toContain(`"${ending}"`)
    for (const [attribute, value] of [
      ['Id', manifest.name],
      ['Version', manifest.version],
      ['Publisher', manifest.publisher],
    ])
      expect(description).toMatch(new RegExp(`<Identity [^>]*${attribute}="${value}"`))
    expect(description).toContain(`Id="Microsoft.VisualStudio.Code.Engine" Value="${manifest.engines.vscode}"`)
  })

  test('is the same in each build', async () => {
    expect(unzipSync(await pack())).toEqual(files)
  })

  test('has the licences of bundled packages', () => {
    for (const name of ['vscode-languageclient', 'vscode-jsonrpc', 'semver'])
      expect(text('extension/NOTICES.txt')).toMatch(new RegExp(`^${name} \\d`, 'm'))
  })
})

describe('the manifest', () => {
  test('has names that the marketplace accepts, and nothing that only the build needs', () => {
    expect(manifest.name).toMatch(/^[a-z0-9][a-z0-9-]*$/)
    expect(manifest.publisher).toMatch(/^[a-z0-9][a-z0-9-]*$/i)
    expect(manifest.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(manifest.engines.vscode).toMatch(/^\^\d+\.\d+\.\d+$/)
    expect(Object.keys(manifest)).not.toEqual(expect.arrayContaining(['devDependencies']))
    // With it, Node would read the bundle as another kind of module.
    expect(manifest.type).toBeUndefined()
    expect(manifest.activationEvents).toEqual(['onLanguage:yaml'])
  })

  test('names files that are in the archive', () => {
    const named = [manifest.main, ...manifest.contributes.grammars.map(({ path }: { path: string }) => path)]
    for (const path of named) expect(Object.keys(files)).toContain(`extension/${path.replace('./', '')}`)
  })

  test('has the settings of the server, with their defaults', () => {
    const { 'falc.path': path, ...others } = manifest.contributes.configuration.properties
    expect(path.default).toBe('falc')
    expect(Object.fromEntries(Object.entries<any>(others).map(([key, { default: value }]) => [key, value]))).toEqual(
      Object.fromEntries(Object.entries(SETTINGS).map(([key, { default: value }]) => [`falc.${key}`, value])),
    )
  })

  test('requires the version of the API that the code is compiled against', () => {
    const { devDependencies, engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(engines.vscode).toBe(`^${devDependencies['@types/vscode']}`)
  })
})

test('the code loads in an editor, and shows why the server does not start, also again', async () => {
  const shown: string[] = []
  const registered = new Map<string, () => Promise<void>>()
  const vscode = anything({
    commands: anything({
      registerCommand: (name: string, act: () => Promise<void>) => registered.set(name, act),
    }),
    window: anything({ showErrorMessage: (message: string) => shown.push(message) }),
    workspace: anything({ getConfiguration: () => ({ get: () => '/nowhere/falc' }) }),
  })
  const module = { exports: {} as any }
  const load = (name: string) => (name === 'vscode' ? vscode : require(name))
  runInNewContext(text('extension/out/extension.js'), {
    module,
    exports: module.exports,
    require: load,
    process,
    console,
    setTimeout,
    clearTimeout,
    setImmediate,
    Buffer,
    URL,
    TextDecoder,
    TextEncoder,
  })
  const subscriptions: unknown[] = []
  await module.exports.activate({ subscriptions })
  expect([[...registered.keys()], subscriptions.length]).toEqual([['falc.restart'], 1])
  const reason = expect.stringMatching(/^\/nowhere\/falc lsp does not start: .* The setting falc.path names/)
  expect(shown).toEqual([reason])
  await registered.get('falc.restart')!()
  expect(shown).toEqual([reason, reason])
  await module.exports.deactivate()
})

/** An object that has every property and can be called and constructed: a stand-in for the rest of the API. */
function anything(known: Readonly<Record<string, unknown>> = {}): any {
  const made = new Map<string | symbol, unknown>(Object.entries(known))
  return new Proxy(class {}, {
    get(target, name) {
      if (name === 'prototype') return target.prototype
      if (!made.has(name)) made.set(name, typeof name === 'symbol' ? undefined : anything())
      return made.get(name)
    },
    apply: () => anything(),
  })
}

describe('the grammar colors conditions and outputs', async () => {
  const wasm = readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm'))
  const read = (name: string): IRawGrammar =>
    JSON.parse(readFileSync(new URL(`../syntaxes/${name}`, import.meta.url), 'utf8'))
  /** A stand-in for the editor's own grammar of YAML, into which ours is injected. */
  const yaml: IRawGrammar = {
    scopeName: 'source.yaml',
    patterns: [{ name: 'comment.yaml', match: '#.*$' }],
    repository: {} as any,
  }
  await oniguruma.loadWASM(wasm)
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: patterns => new oniguruma.OnigScanner(patterns),
      createOnigString: line => new oniguruma.OnigString(line),
    }),
    loadGrammar: async scope => (scope === 'source.yaml' ? yaml : read('falco-rules.json')),
    getInjections: scope => (scope === 'source.yaml' ? ['falco.rules.injection'] : undefined),
  })
  const grammar = await registry.loadGrammar('source.yaml')

  test.each(readCases(new URL('./cases/', import.meta.url)).flatMap(({ cases }) => cases))('$title', one => {
    let state = INITIAL
    const lines = one
      .text('rules')
      .split('\n')
      .map(line => {
        const { tokens, ruleStack } = grammar!.tokenizeLine(line, state)
        state = ruleStack
        return tokens.flatMap(({ startIndex, endIndex, scopes }) => {
          const scope = scopes.at(-1)!
          return /\.falco$|tag\.yaml$/.test(scope)
            ? [`${line.slice(startIndex, endIndex)}:${scope.split('.').slice(0, 3).join('.')}`]
            : []
        })
      })
    one.expect('colors', lines.map(words => words.join(' ')).join('\n'))
  })
})
