/** Rules, why they fired, and exceptions. */
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alert, ask, begin, idOf, post, start } from './start.ts'

const RULES = `
- macro: shells
  condition: proc.name in (sh, bash)
- rule: Shell
  desc: A shell
  warn_evttypes: false
  condition: shells and fd.name startswith /etc and (proc.pname = cron or proc.args = x) and not user.name = root
  output: shell %proc.name
  priority: Notice
  tags: [T1059]
  exceptions:
    - name: known
      fields: [proc.name, fd.name]
      comps: [=, =]
      values: [[sh, /etc/known]]
- rule: Silent
  desc: Never
  condition: proc.name = nothing
  output: x
  priority: Error
`
const OVERRIDE = `
- rule: Shell
  condition: and proc.pname exists
  override: { condition: append }
`

const folder = mkdtempSync(join(tmpdir(), 'falc-rules-'))
const [rules, local] = [join(folder, 'rules.yaml'), join(folder, 'site.yaml')]
let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  writeFileSync(rules, RULES)
  writeFileSync(local, OVERRIDE)
  shared = await begin({ rules: [folder], localRules: local })
  const fields = (n: number) => ({
    ...{ 'proc.name': n % 4 ? 'sh' : 'bash', 'fd.name': `/etc/file${n % 3}`, 'user.name': null, 'proc.pname': 'make' },
  })
  await shared.console.writer.insert(
    Array.from({ length: 12 }, (_, n) => alert(n, { rule: 'Shell', output_fields: fields(n), time: now() })),
  )
  await shared.console.writer.insert([alert(20, { rule: 'Elsewhere' })])
})
afterAll(async () => {
  await shared.end()
  rmSync(folder, { recursive: true, force: true })
})

const now = () => BigInt(Date.now()) * 1_000_000n
const get = async (path: string) => (await ask(shared.console, `/api/v1/${path}`)).json
const send = async (path: string, body: object) => ask(shared.console, `/api/v1/${path}`, post(JSON.stringify(body)))

test('rules are listed with their hits, including rules that are in no file', async () => {
  const { files, rules, problems } = await get('rules')
  expect([files.length, problems]).toEqual([2, []])
  const shown = rules.map(({ name, hits, loaded }: any) => [name, hits, loaded?.priority])
  expect(shown).toEqual([
    ['Shell', 12, 'Notice'],
    ['Silent', 0, 'Error'],
    ['Elsewhere', 1, undefined],
  ])
  // Equal checks count once; a rule that names no event type is evaluated for every type.
  expect(rules.map(({ loaded }: any) => loaded?.checks)).toEqual([8, 1, undefined])
  expect((await ask(shared.console, '/api/v1/rules/Nothing')).status).toBe(404)
})

test('a rule is shown after its overrides, with the place of each clause', async () => {
  const { condition, conditionText, exceptions } = await get('rules/Shell')
  expect(conditionText).toContain('shells and')
  expect(exceptions).toMatchObject([{ name: 'known', fields: ['proc.name', 'fd.name'] }])
  const leaves = (clause: any): any[] => [clause, ...(clause.children ?? []).flatMap(leaves)]
  const found = leaves(condition)
  expect(found.find(({ macro }) => macro === 'shells')).toMatchObject({ place: { line: 3 } })
  expect(found.find(({ text }) => text === 'proc.pname exists').place).toMatchObject({ file: local, line: 3 })
  expect(found.filter(({ exception }) => exception === 'known')).toMatchObject([{ kind: 'not' }])
})

test('an alert is explained by its values, and by what follows from the fact that the rule fired', async () => {
  const { condition, possible } = await get(`alerts/${idOf(1)}/why`)
  const leaves = (clause: any): any[] => (clause.children ? clause.children.flatMap(leaves) : [clause])
  const byText = Object.fromEntries(leaves(condition).map(({ text, truth, by, value }) => [text, [truth, by, value]]))
  expect(possible).toBe(true)
  expect(byText).toMatchObject({
    'proc.name in (sh, bash)': [true, 'value', 'sh'],
    'fd.name startswith /etc': [true, 'value', '/etc/file1'],
    'proc.pname = cron': [false, 'value', 'make'],
    // The alert lacks this field, but the rule fired and the other half does not hold.
    'proc.args = x': [true, 'deduced', undefined],
    'user.name = root': [false, 'value', '<NA>'],
  })
  expect((await ask(shared.console, `/api/v1/alerts/${idOf(20)}/why`)).status).toBe(404)
})

test('an exception is proposed, tested on the stored alerts, and written', async () => {
  const { rule, total, proposals } = await get(`tune?id=${idOf(1)}`)
  expect([rule, total]).toEqual(['Shell', 12])
  const shown = proposals.map(({ parts, removes }: any) => [
    parts.map((p: any) => `${p.field} ${p.op}`).join(),
    removes,
  ])
  expect(shown).toContainEqual(['proc.name =', 9])
  expect(shown).toContainEqual(['fd.name =,proc.name =', 3])
  const removed = shown.map(([, removes]: [string, number]) => removes)
  // An exception that removes all alerts would silence the rule, so it comes last.
  const order = (n: number) => (n === total ? 0 : n)
  expect(removed).toEqual(removed.toSorted((a: number, b: number) => order(b) - order(a)))
  expect(removed.at(-1)).toBe(total)

  const parts = [
    { field: 'proc.name', op: 'in', values: ['bash', 'a "b"'] },
    { field: 'fd.name', op: 'startswith', values: ['/etc/'] },
  ]
  const tested = (await send('tune/test', { rule: 'Shell', parts })).json
  expect(tested).toMatchObject({ total: 12, removes: 3, stay: 9, complete: true, problems: [] })
  expect(tested.staying).toHaveLength(9)
  const before = (await get('rules/Shell')).exceptions.length
  const { file, yaml } = (await send('tune', { rule: 'Shell', parts })).json
  expect([file, readFileSync(local, 'utf8').endsWith(yaml)]).toEqual([local, true])
  expect(yaml).toContain('        - [[bash, "a \\"b\\""], /etc/]')
  expect((await get('rules/Shell')).exceptions).toHaveLength(before + 1)
  // The rule as it is now could not have raised this alert.
  expect((await get(`alerts/${idOf(0)}/why`)).possible).toBe(false)
})

test.each([
  [{ rule: 'Shell', parts: [] }, 400],
  [{ rule: 'Shell', parts: [{ field: 'proc.nam', op: '=', values: ['x'] }] }, 400],
  [{ rule: 'Shell', parts: [{ field: 'proc.name = x or proc.name', op: '=', values: ['x'] }] }, 400],
  [{ rule: 'Shell', parts: [{ field: 'proc.name', op: 'regex', values: ['x'] }] }, 400],
  [{ rule: 'Nothing', parts: [{ field: 'proc.name', op: '=', values: ['x'] }] }, 409],
])('an invalid exception is refused and not written: %o', async (body, status) => {
  const text = readFileSync(local, 'utf8')
  expect((await send('tune', body)).status).toBe(status)
  expect(readFileSync(local, 'utf8')).toBe(text)
})

test('values that no condition can have are not proposed, and one that ends with a backslash is', async () => {
  const output_fields = { 'proc.cmdline': 'x'.repeat(280), 'proc.exepath': 'C:\\tools\\' }
  await shared.console.writer.insert([alert(30, { rule: 'Odd', output_fields, time: now() })])
  const { total, proposals } = await get(`tune?id=${idOf(30)}`)
  const shown = proposals.map(({ parts, removes }: any) => [...parts.map((p: any) => p.values[0]), removes])
  expect([total, shown]).toEqual([1, [['C:\\tools\\', 1]]])
})

test('an exception is written to the file that a link names, and the link stays', async () => {
  const [file, link] = [join(folder, 'file.rules'), join(folder, 'link.rules')]
  writeFileSync(file, RULES)
  symlinkSync(file, link)
  const console = await start({ rules: [link], localRules: link })
  const parts = [{ field: 'proc.name', op: '=', values: ['linked'] }]
  const body = JSON.stringify({ rule: 'Silent', parts })
  expect((await ask(console, '/api/v1/tune', post(body))).status).toBe(200)
  expect([lstatSync(link).isSymbolicLink(), readFileSync(file, 'utf8').includes('linked')]).toEqual([true, true])
})
