/** Programs that ports run, as stand-ins that record their arguments. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { capturePort, type EngineCall, enginePort } from '../src/index.ts'
import { folder, shellIn } from './machine.ts'

const A = 'aaaaaaaaaaaa'
const alert = shellIn(A)
const attempt = (dry = false) => ({ dry, signal: AbortSignal.timeout(60_000), alert })

/** A program that writes its arguments into the file `args`. */
function standIn(path: string, name: string, script: string): string {
  const file = join(path, name)
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$@" >>'${path}/args'\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}
const args = (path: string) =>
  existsSync(join(path, 'args')) ? readFileSync(join(path, 'args'), 'utf8').split('\n') : []

describe('capture', () => {
  const call = (path: string, container?: string) =>
    ({ via: 'capture', seconds: 7, folder: join(path, 'kept'), says: '', ...(container && { container }) }) as const

  test('the recorder writes one file for an alert, and none in a dry run', async () => {
    const path = folder()
    const port = capturePort([standIn(path, 'falc', 'echo scap >"$3"'), 'record'])
    expect(await port(call(path, A), attempt(true))).toMatchObject({ outcome: 'done', said: 'not recorded' })
    expect(args(path)).toEqual([])
    const file = join(path, 'kept', `${alert.id}.scap`)
    expect(await port(call(path, A), attempt())).toEqual({ outcome: 'done', said: file, data: { file } })
    expect(args(path)).toEqual(['record', '-w', file, '-M', '7', '--filter', `container.id = ${A}`, ''])
    expect(await port(call(path, A), attempt())).toEqual({ outcome: 'already', said: file })
  })

  test('a recorder that fails, and a folder that cannot be created, are failures', async () => {
    const path = folder()
    const port = capturePort([standIn(path, 'falc', 'echo no rights >&2; exit 1')])
    expect(await port(call(path), attempt())).toEqual({ outcome: 'failed', said: 'exit code 1: no rights' })
    expect(args(path)).not.toContain('--filter')
    writeFileSync(join(path, 'kept2'), '')
    const blocked = { ...call(path), folder: join(path, 'kept2', 'x') }
    expect(await port(blocked, attempt())).toMatchObject({ outcome: 'failed' })
  })
})

test.each([
  ['SIGTERM', ['SIGTERM']],
  ['SIGKILL', ['SIGTERM', 'SIGKILL']],
])('containerd: a container that ends with %s gets %j when it is stopped', async (ends, signals) => {
  const path = folder()
  mkdirSync(join(path, 'bin'))
  writeFileSync(join(path, 'containerd.sock'), '')
  const id = A.padEnd(64, '0')
  standIn(
    join(path, 'bin'),
    'ctr',
    `[ "$3" = namespaces ] && echo k8s.io
[ "$5 $6" = "containers list" ] && echo ${id}
[ "$5 $6" = "containers info" ] && echo '{"CreatedAt":"2025-12-31T23:00:00Z"}'
[ "$5 $6 $8" = "task kill ${ends}" ] && touch '${path}/ended'
[ "$5 $6" = "task list" ] && [ ! -e '${path}/ended' ] && printf 'TASK PID STATUS\n${id} 7 RUNNING\n'
true`,
  )
  vi.stubEnv('PATH', join(path, 'bin') + delimiter + process.env.PATH)
  const call = { via: 'engine', does: 'stop', container: A, before: '1767225600000000000', grace: 0, says: '' } as const
  const port = enginePort({ sockets: [], containerd: join(path, 'containerd.sock'), cri: '/none' })
  expect(await port(call, attempt())).toEqual({ outcome: 'done', said: 'in k8s.io' })
  vi.unstubAllEnvs()
  expect(args(join(path, 'bin')).filter(word => word.startsWith('SIG'))).toEqual(signals)
})

describe('a runtime that offers only CRI', () => {
  const ID = A.padEnd(64, '0')
  const BEFORE = '1767225600000000000'
  const container = { id: ID, createdAt: '1767225000000000000', state: 'CONTAINER_RUNNING' }

  test.each([
    ['stop', { grace: 5 }, container, 'done: ', ['stop', '--timeout', '5', ID]],
    ['kill', {}, container, 'done: ', ['stop', '--timeout', '0', ID]],
    ['stop', { dry: true }, container, 'done: it is there, and runs', []],
    ['pause', {}, container, 'failed: .* does not pause', []],
    ['stop', {}, { ...container, state: 'CONTAINER_EXITED' }, 'already: it does not run', []],
    ['stop', {}, { ...container, createdAt: '1767225700000000000' }, 'refused: the container is younger', []],
    ['stop', {}, { ...container, createdAt: '' }, 'refused: the container is younger', []],
    ['stop', {}, { ...container, id: 'b'.repeat(64) }, 'gone: no engine has', []],
  ] as const)(
    '%s %o of %o: %s',
    async (does, { dry = false, ...more }: { dry?: boolean; grace?: number }, found, expected, asked) => {
      const path = folder()
      mkdirSync(join(path, 'bin'))
      writeFileSync(join(path, 'cri.sock'), '')
      const list = JSON.stringify({ containers: [found] })
      standIn(join(path, 'bin'), 'crictl', `[ "$3" = ps ] && echo '${list}'; true`)
      vi.stubEnv('PATH', join(path, 'bin') + delimiter + process.env.PATH)
      const call: EngineCall & { says: string } = {
        via: 'engine',
        does,
        container: A,
        before: BEFORE,
        says: does,
        ...more,
      }
      const port = enginePort({ sockets: [], containerd: '/none', cri: join(path, 'cri.sock') })
      const { outcome, said } = await port(call, attempt(dry))
      vi.unstubAllEnvs()
      expect(`${outcome}: ${said}`).toMatch(new RegExp(`^${expected}`))
      const after = args(join(path, 'bin'))
      const from = after.indexOf('stop')
      expect(from < 0 ? [] : after.slice(from, -1)).toEqual(asked)
    },
  )
})
