/**
 * Two builds of the bundle have the same bytes, so that anyone can verify that a package was built from its source. The bundle works
 * without the files of the packages in it.
 */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'falc-bundle-'))
afterAll(() => rmSync(work, { recursive: true }))

const built = existsSync(join(root, 'packages/cli/dist/main.js'))
if (!built) console.warn('skipped: the bundle is made of what was built (pnpm run build)')

function bundle(name: string): Record<string, string> {
  const out = join(work, name)
  execFileSync(process.execPath, [join(root, 'scripts/bundle.ts'), '--out', out], { cwd: root })
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(out, file)))
      .digest('hex')
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(({ parentPath, name }) => relative(out, join(parentPath, name))).sort()
  return Object.fromEntries(paths.map(path => [path, digest(path)]))
}

let first: Record<string, string>
beforeAll(() => {
  if (built) first = bundle('first')
})

test.skipIf(!built)('two builds of the bundle are identical, and its notices name the packages in it', () => {
  expect(bundle('second')).toEqual(first)
  const notices = readFileSync(join(work, 'first/NOTICES.txt'), 'utf8')
  for (const name of ['chevrotain', 're2js', 'yaml', 'json-pointer'])
    expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'))
})

test.skipIf(!built)('a run with rules from the cache loads neither the parser nor the compiler of rules', () => {
  const folder = join(work, 'first')
  const [state] = readdirSync(folder).filter(name => name.startsWith('syscall-'))
  const modules = readFileSync(join(folder, state!), 'utf8').match(/^\/\/ packages\/\S+$/gm)!
  expect(modules).toContain('// packages/sources-syscall/dist/source.js')
  // An `import('@falc/engine')` anywhere would pull in the whole engine: name what is imported.
  expect(modules.filter(name => /engine\/dist\/(?:rules|engine|bytecode|condition\/parse)/.test(name))).toEqual([])
})

/** Outputs whose client is a library, with a receiver that is not running. */
const CLIENTS: Readonly<Record<string, object>> = {
  kafka: { brokers: ['127.0.0.1:9'], topic: 'falco' },
  mqtt: { url: 'mqtt://127.0.0.1:9' },
  nats: { url: 'nats://127.0.0.1:9' },
  rabbitmq: { url: 'amqp://127.0.0.1:9' },
  redis: { url: 'redis://127.0.0.1:9' },
  smtp: { url: 'smtp://127.0.0.1:9', from: 'falc@example.com', to: ['people@example.com'] },
}

test.skipIf(!built).each(Object.entries(CLIENTS))(
  'an output of type %s in the bundle tries to connect to its receiver',
  async (type, options) => {
    const config = join(work, `${type}.yaml`)
    writeFileSync(config, JSON.stringify({ outputs: [{ name: 'it', type, ...options }] }))
    const args = [join(work, 'first/main.cjs'), 'outputs', 'test', 'it', '-c', config]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(failed => failed as { stdout: string })
    expect(stdout).toMatch(/^it: not delivered, alerts would wait: .*connect(?:ion refused| ECONNREFUSED)/)
  },
)
