/** Runs the commands of action.yml and .pre-commit-hooks.yaml, which code hosts and pre-commit run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from './docs/markdown.ts'
import { FALC } from './testing/command.ts'

const read = (name: string) => parse(readFileSync(join(ROOT, name), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'falc-hosts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BASE = '- macro: spawned\n  condition: evt.type = execve\n'
const RULE = (condition: string) => `- rule: Shell Opened
  desc: A shell was started
  condition: ${condition}
  output: Shell opened (user=%user.name command=%proc.cmdline)
  priority: WARNING
`
const TEST = (alerts: number) => `rules: [../base.yaml, ../rules/shells.yaml]
tests:
  - name: a shell
    event: { evt.type: execve, proc.name: bash }
    expect: { Shell Opened: ${alerts} }
`

beforeAll(() => {
  for (const name of ['bin', 'rules', 'tests']) mkdirSync(join(folder, name))
  // npx --yes @falc/cli@VERSION … runs the falc under test.
  const call = FALC.map(word => `'${word}'`).join(' ')
  writeFileSync(join(folder, 'bin/falc'), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 })
  const npx = `#!/bin/sh\n[ "$1 $2" = "--yes @falc/cli@1.2.3" ] || exit 99\nshift 2\nexec ${call} "$@"\n`
  writeFileSync(join(folder, 'bin/npx'), npx, { mode: 0o755 })
  writeFileSync(join(folder, 'base.yaml'), BASE)
  writeFileSync(join(folder, 'rules/shells.yaml'), RULE('spawned and proc.name = bash'))
  writeFileSync(join(folder, 'rules/bad one.yaml'), RULE('spawned and proc.name = a and proc.name = b'))
  writeFileSync(join(folder, 'tests/shells.test.yaml'), TEST(1))
  writeFileSync(join(folder, 'tests/wrong.test.yaml'), TEST(2))
})

const PATH = `${join(folder, 'bin')}:${process.env.PATH}`

describe('action.yml', () => {
  const { inputs, runs } = read('action.yml')
  const [step] = runs.steps

  function run(given: Readonly<Record<string, string>>) {
    const env = Object.fromEntries(
      Object.entries(step.env as Record<string, string>).map(([name, value]) => {
        const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value)![1]!
        return [name, given[input] ?? inputs[input].default ?? '']
      }),
    )
    // As a runner does for `shell: bash`.
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run]
    const { status, stdout, stderr } = spawnSync('bash', args, { cwd: folder, env: { ...process.env, ...env, PATH } })
    return { status, out: String(stdout), err: String(stderr) }
  }

  test('each input reaches the script, only through the environment', () => {
    expect(
      Object.values(step.env)
        .map(value => /inputs\.(\w+)/.exec(String(value))![1])
        .sort(),
    ).toEqual(Object.keys(inputs).sort())
    expect(step.run).not.toContain('${{')
  })

  test('rules without findings and passing tests: no output, exit code 0', () => {
    const given = {
      rules: 'base.yaml',
      lint: '  rules/shells.yaml\n\n',
      test: 'tests/shells.test.yaml',
      version: '1.2.3',
    }
    expect(run(given)).toEqual({ status: 0, out: '', err: '' })
  })

  test('all findings and failed tests become annotations', () => {
    const sarif = 'out.sarif'
    const given = { rules: 'base.yaml', lint: 'rules/bad one.yaml', test: 'tests', sarif, version: '1.2.3' }
    const { status, out } = run(given)
    expect(status).toBe(1)
    expect(out.match(/^::error file=[^,]*|title=[^:]*/gm)).toEqual([
      ...['::error file=rules/bad one.yaml', 'title=always-false'],
      ...['::error file=tests/wrong.test.yaml', 'title=a shell'],
    ])
    const { runs } = JSON.parse(readFileSync(join(folder, sarif), 'utf8'))
    expect(runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['always-false'])
  })

  test('a path is never run as code or taken as a flag', () => {
    const { status, err } = run({ lint: '$(touch owned)\n--fix', version: '1.2.3' })
    expect(status).toBe(1)
    expect(err).toContain('$(touch owned)')
  })
})

describe('.pre-commit-hooks.yaml', () => {
  const hooks: { id: string; entry: string; files: string }[] = read('.pre-commit-hooks.yaml')
  const call = (entry: string, ...files: string[]) =>
    spawnSync('sh', ['-c', `${entry} "$@"`, 'sh', ...files], { cwd: folder, env: { ...process.env, PATH } }).status
  const entryOf = (id: string) => hooks.find(hook => hook.id === id)!.entry

  test.each([
    ['falc-lint', 'base.yaml rules/shells.yaml', 0],
    ['falc-lint', 'rules/shells.yaml', 1],
    ['falc-fmt', 'rules/shells.yaml', 0],
    ['falc-test', 'tests/shells.test.yaml', 0],
    ['falc-test', 'tests/wrong.test.yaml', 1],
  ] as const)('%s on %s exits with %i', (id, files, code) => {
    expect(call(entryOf(id), ...files.split(' '))).toBe(code)
  })

  test.each([
    ['rules/shells.yaml', 'falc-lint falc-fmt'],
    ['etc/falco_rules.local.yaml', 'falc-lint falc-fmt'],
    ['falco_rules.yaml', 'falc-lint falc-fmt'],
    ['etc/rules.d/a.yml', 'falc-lint falc-fmt'],
    ['rules/shells.test.yaml', 'falc-test'],
    ['chart/values.yaml', ''],
  ])('the hooks for %s', (path, ids) => {
    const own = hooks.filter(({ files }) => new RegExp(files).test(path))
    expect(own.map(({ id }) => id).join(' ')).toBe(ids)
  })
})
