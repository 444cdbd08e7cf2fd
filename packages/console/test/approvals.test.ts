/** Steps that wait for approval: a responder, the console in front of it, who may approve, and the page. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildConsoleApp } from '../../../scripts/console-app.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { alertOf, answerWaiting, Journal, openResponder, waitingNow } from '../../response/src/index.ts'
import { newToken, parseTokens } from '../src/index.ts'
import { checkAccess, launch, noBrowser, openPage } from './browser.ts'
import { ask, begin, post, start } from './start.ts'

const HOSTILE = '<img src=x onerror="document.title=1">\u202eevil'
const work = mkdtempSync(join(tmpdir(), 'falc-approvals-'))
const made = { respond: newToken('ann', ['read', 'respond']), read: newToken('eve', ['read']) }
const tokens = parseTokens(
  Object.values(made)
    .map(({ line }) => line)
    .join('\n'),
)
const bearer = (name: keyof typeof made) => ({ authorization: `Bearer ${made[name].token}` })
const approvals = {
  list: () => waitingNow(work),
  answer: (run: string, word: 'approved' | 'denied', by: string) => answerWaiting(work, { run }, word, by),
}

const told: string[] = []
const done: string[] = []
let open: Awaited<ReturnType<typeof openResponder>>
let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  open = await openResponder({
    files: [
      {
        name: 'p.yaml',
        content:
          '[{ playbook: contain, when: alert.rule = Shell, mode: approve, limits: { total: 99/1h }, steps: [{ stop_container: }] }]',
      },
    ],
    ...{ source: alerts(), folder: work, hostname: 'web', log: () => {}, maxAge: Number.POSITIVE_INFINITY },
    approvalNotice: { output: 'chat', url: 'https://falc.example/console/' },
    ports: {
      output: async ({ text }) => ({ outcome: 'done', said: String(told.push(text!)) }),
      engine: async ({ says }) => ({ outcome: 'done', said: String(done.push(says)) }),
    },
  })
  await buildConsoleApp(join(work, 'app'))
  shared = await begin({ tokens, approvals, app: join(work, 'app') })
})
afterAll(async () => {
  await shared?.end()
  await open?.close()
  rmSync(work, { recursive: true, force: true })
})

/** Makes a step wait for approval. @returns its container, the token of its link, and its run */
let n = 0
async function wait(output = 'a shell'): Promise<{ container: string; token: string; run: string }> {
  const container = (++n).toString(16).padStart(12, '0')
  const before = told.length
  await open.responder.take(alertOf({ rule: 'Shell', output, output_fields: { 'container.id': container } }))
  await until('somebody is told', () => told.length > before)
  const token = /^Approve until \S+\? https:\/\/falc\.example\/console\/#\/approvals\?link=(\S{43}) \| /.exec(
    told.at(-1)!,
  )![1]!
  const { run } = (await waitingNow(work)).find(one => one.target?.uid === container)!
  return { container, token, run }
}

const say = (path: string, body: object, headers = {}) =>
  ask(shared.console, `/api/v1/approvals${path}`, post(JSON.stringify(body), headers))
/** The journal entry that ended the wait. */
const ending = async (run: string) => {
  const found = () =>
    Journal.read(work).entries.find(one => /approved|denied/.test(one.kind) && 'run' in one && one.run === run)
  await until('it is in the journal', () => found() !== undefined)
  return found()
}

test('the scope respond approves once; the journal records by whom, and does not contain the link token', async () => {
  const { run, container, token } = await wait()
  const shown = await ask(shared.console, '/api/v1/approvals', { headers: bearer('read') })
  expect(shown.json.approvals.at(-1)).toMatchObject({ run, playbook: 'contain', plan: [`stop container ${container}`] })
  expect(JSON.stringify([shown.json, Journal.read(work).entries])).not.toContain(token)
  expect(shown.json.approvals.at(-1)).not.toHaveProperty('token')
  expect((await say(`/${run}`, { word: 'approved' }, bearer('read'))).status).toBe(403)
  const answers = await Promise.all([1, 2, 3].map(() => say(`/${run}`, { word: 'approved' }, bearer('respond'))))
  expect(answers.map(({ status }) => status).filter(status => status === 200)).toHaveLength(1)
  expect(await ending(run)).toMatchObject({ kind: 'approved', by: 'ann in the console' })
  await until('it is done', () => done.includes(`stop container ${container}`))
  expect(done.filter(says => says.includes(container))).toHaveLength(1)
})

test('a link decides once, without an account; a wrong link and a used one are not found', async () => {
  const { run, token, container } = await wait()
  expect((await say('', { token: `${token.slice(0, -1)}!` })).status).toBe(404)
  expect((await say('', { token })).json).toMatchObject({ run, plan: [`stop container ${container}`] })
  expect((await say('', { token, word: 'denied' })).status).toBe(200)
  expect((await say('', { token, word: 'approved' })).status).toBe(404)
  expect(await ending(run)).toMatchObject({ kind: 'denied', by: 'a link' })
  expect(done.filter(says => says.includes(container))).toEqual([])
})

test('a console without tokens shows what waits, but does not accept approvals', async () => {
  const { run, container } = await wait()
  const console = await start({ approvals })
  expect((await ask(console, '/api/v1/approvals')).json.approvals.at(-1).plan).toEqual([`stop container ${container}`])
  const answer = await ask(console, `/api/v1/approvals/${run}`, post('{"word":"approved"}'))
  expect([answer.status, answer.json.error.code]).toEqual([403, 'open'])
})

test.each([
  ['', {}, 400],
  ['', { token: 'x', word: 'perhaps' }, 400],
  ['/none', { word: 'approved' }, 404],
  ['/none', {}, 400],
])('approvals%s %o: %i', async (path, body, status) => {
  expect((await say(path, body, bearer('respond'))).status).toBe(status)
})

describe.skipIf(noBrowser !== undefined)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  test('a link approves without an account, from the keyboard, on an accessible page', async () => {
    const { token, run, container } = await wait(HOSTILE)
    // The browser logs that there is no session: the link needs none.
    const { page } = await openPage(browser, `${shared.console.url}#/approvals?link=${token}`, 'Falc console')
    await page.getByText(`stop container ${container}`).first().waitFor()
    await checkAccess(page)
    await page.setViewportSize({ width: 400, height: 900 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await checkAccess(page)
    if (process.env.FALC_PICTURES) await page.screenshot({ path: join(process.env.FALC_PICTURES, 'link.png') })
    await page.getByRole('button', { name: 'Approve' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Approved: the responder begins it.').waitFor()
    expect([await page.title(), await page.locator('main img').count()]).toEqual(['Falc console', 0])
    expect(await ending(run)).toMatchObject({ kind: 'approved', by: 'a link' })
    await page.reload()
    await page.getByText('this link is over').waitFor()
    await page.context().close()
  })

  test('a link whose answer did not reach the console can be answered again', async () => {
    const { token, run } = await wait()
    const { page } = await openPage(browser, `${shared.console.url}#/approvals?link=${token}`, 'Falc console')
    const approve = page.getByRole('button', { name: 'Approve' })
    await approve.waitFor()
    await page.route(/api\/v1\/approvals$/, route => route.abort(), { times: 1 })
    await approve.click()
    await page.getByRole('status').filter({ hasText: 'fetch' }).waitFor()
    await approve.click()
    await page.getByText('Approved: the responder begins it.').waitFor()
    expect(await ending(run)).toMatchObject({ kind: 'approved', by: 'a link' })
    await page.context().close()
  })

  test('a token that could not be sent to the console is not said to be wrong', async () => {
    const { page } = await openPage(browser, `${shared.console.url}#/approvals`, 'Falc console')
    await page.getByLabel('Token').fill('x')
    await page.route(/api\/v1\/session$/, route => route.fulfill({ status: 502, body: '<p>a page of some proxy' }))
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('status 502').waitFor()
    await page.context().close()
  })

  test('the screen shows what waits and denies it; a user without the right to approve sees why', async () => {
    const { container, run } = await wait(HOSTILE)
    const { page } = await openPage(browser, `${shared.console.url}#/approvals`, 'Falc console')
    const signIn = async (name: keyof typeof made) => {
      await page.getByLabel('Token').fill(made[name].token)
      await page.keyboard.press('Enter')
    }
    await signIn('respond')
    const step = page.getByRole('listitem').filter({ hasText: `stop container ${container}` })
    await step.waitFor()
    await checkAccess(page)
    if (process.env.FALC_PICTURES) await page.screenshot({ path: join(process.env.FALC_PICTURES, 'approvals.png') })
    await step.getByRole('button', { name: 'Deny' }).click()
    await page.getByText('Denied: it is not done.').waitFor()
    await step.waitFor({ state: 'detached' })
    expect(await ending(run)).toMatchObject({ kind: 'denied', by: 'ann in the console' })
    await wait()
    await page.context().clearCookies()
    await page.reload()
    await signIn('read')
    await page.getByText('To approve needs the scope respond.').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await page.context().close()
  })
})
