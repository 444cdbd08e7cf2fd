import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'

const here = join(import.meta.dirname, '..')
const pem = join(import.meta.dirname, 'localhost.pem')
const log = readFileSync(join(here, '../captures/k8s-audit.jsonl'), 'utf8').trim().split('\n')
const list = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${log.join(',')}]}`

let child: ChildProcess | undefined
afterEach(() => child?.kill('SIGKILL'))

/** Starts serve.ts as a child process; resolves when it reports its address. */
async function serve(...args: string[]): Promise<{ url: string; stop(): Promise<{ alerts: string[]; log: string }> }> {
  const rules = join(here, '../../rules/k8s_audit.yaml')
  const [listen, ...rest] = args
  const program = spawn(process.execPath, [
    '--conditions=@falc/source',
    join(here, 'serve.ts'),
    listen!,
    rules,
    ...rest,
  ])
  child = program
  let stdout = ''
  let stderr = ''
  program.stdout.on('data', chunk => (stdout += chunk))
  const listening = new Promise<string>((resolve, reject) => {
    program.stderr.on('data', chunk => {
      stderr += chunk
      const at = /listening at (\S+) /.exec(stderr)
      if (at) resolve(at[1]!)
    })
    program.on('exit', () => reject(new Error(stderr)))
  })
  return {
    url: await listening,
    async stop() {
      program.kill('SIGTERM')
      await once(program, 'close')
      return { alerts: stdout.trim().split('\n'), log: stderr }
    },
  }
}

async function post(url: string, body: string): Promise<number> {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' }, ca: readFileSync(pem) }
  const request = url.startsWith('https:') ? httpsRequest(url, options) : httpRequest(url, options)
  request.end(body)
  const [response] = await once(request, 'response')
  response.resume()
  return response.statusCode
}

describe.each([
  ['http', ['http://127.0.0.1:0/k8s-audit']],
  ['https', ['https://127.0.0.1:0/k8s-audit', pem]],
])('over %s', (_, args) => {
  test('an EventList of the bundled log gives its alerts', async () => {
    const server = await serve(...args)
    expect(await post(server.url, list)).toBe(200)
    expect(await post(server.url, list.slice(0, 5000))).toBe(400)
    const { alerts, log: words } = await server.stop()
    expect(alerts).toHaveLength(16)
    expect(alerts.join('\n')).toContain(
      'cluster-admin role bound | user=system:serviceaccount:ci:deployer binding=ci-maintenance',
    )
    expect(words).toContain(`stopped after ${log.length} events`)
    expect(words).toContain('"bad-body":1')
  })
})

test('https is refused without a certificate', async () => {
  await expect(serve('https://127.0.0.1:0/k8s-audit')).rejects.toThrow('https needs a PEM file')
})
