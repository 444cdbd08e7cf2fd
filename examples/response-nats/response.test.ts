/** The example on the running machine: a shell in a podman container, a sensor, a NATS server, a responder and functions. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { type Started, startFalc } from '../../packages/cli/test/process.ts'
import { natsServer } from '../../packages/outputs/test/transports/nats.ts'
import { missing } from '../../packages/outputs/test/transports/peer.ts'
import { missing as noPodman, Podman } from '../../packages/sources-syscall/test/containers/podman.ts'
import { missing as noLive } from '../../packages/sources-syscall/test/live/machine.ts'
import { skipped } from '../../scripts/testing/needs.ts'
import { until } from '../../scripts/testing/wait.ts'

const here = (name: string) => resolve(import.meta.dirname, name)

/** The parts of a journal entry that the test reads. */
interface Entry {
  readonly kind: string
  readonly action: string
  readonly outcome?: string
  readonly guard?: string
  readonly time: string
  readonly target: { readonly uid: string }
  readonly alert: { readonly id: string; readonly time: string }
}

const journal = (folder: string): Entry[] =>
  readFileSync(join(folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

function lines(command: string, ...args: string[]): { readonly out: string[]; readonly ready: Promise<void> } {
  const child = spawn(command, args, { env: { ...process.env, NODE_NO_WARNINGS: '1', PYTHONUNBUFFERED: '1' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const out: string[] = []
  // A line may arrive in parts: unbuffered Python writes its newline separately.
  createInterface({ input: child.stdout }).on('line', line => void out.push(line))
  return {
    out,
    ready: new Promise(done => child.stderr.on('data', text => `${text}`.includes('subscribed') && done())),
  }
}

const nothing = skipped('peers', missing('nats-server')) ?? noLive() ?? noPodman()

describe.skipIf(nothing !== undefined)('response over NATS', () => {
  test('a container in which a shell was started is killed once, and one function is notified', async () => {
    const work = mkdtempSync(join(tmpdir(), 'falc-example-'))
    onTestFinished(() => rmSync(work, { recursive: true }))
    const [{ daemon, url, port }, podman] = await Promise.all([natsServer(), Podman.start()])
    onTestFinished(() => podman.stop())
    onTestFinished(() => daemon.stop())
    const name = `shop-${process.pid}`
    const options = ['-d', '--network', 'none', '--name', name]
    const id = await podman.do('run', ...options, podman.image, 'sleep', '1000')
    onTestFinished(async () => void (await podman.do('rm', '-f', name)))

    const started = (...args: string[]): Started => {
      const falc = startFalc(args, work)
      onTestFinished(async () => {
        falc.child.kill('SIGTERM')
        await falc.exit
      })
      return falc
    }
    const config = parse(readFileSync(here('falco.yaml'), 'utf8'))
    const engines = { podman: { sockets: [podman.socket] }, docker: { sockets: [] }, cri: { sockets: [] } }
    config.outputs[0].url = url
    writeFileSync(
      join(work, 'falco.yaml'),
      JSON.stringify({
        ...config,
        plugins: [{ name: 'container', init_config: { engines } }],
        response: { engines: [podman.socket], folder: 'journal' },
      }),
    )
    // Other containers of this machine are left alone.
    const playbooks = parse(readFileSync(here('playbooks.yaml'), 'utf8'))
    for (const playbook of playbooks) playbook.when += ` and container.name = ${name}`
    writeFileSync(join(work, 'playbooks.yaml'), JSON.stringify(playbooks))
    const sensor = started('run', '-c', 'falco.yaml', '-r', here('rules.yaml'))
    await sensor.sees('Opening event source')
    const responder = started('respond', '-c', 'falco.yaml', '-f', 'playbooks.yaml', '--nats', url)
    await responder.sees('Responding to alerts')
    const functions = [
      lines(process.execPath, here('function.ts'), url),
      lines('python3', here('function.py'), '127.0.0.1', `${port}`),
    ]
    await Promise.all(functions.map(({ ready }) => ready))

    // The shell ends with its container.
    await podman.do('exec', name, 'sh', '-c', 'sleep 1000').catch(() => {})
    await until(
      'the container has ended',
      async () => (await podman.do('inspect', '-f', '{{.State.Status}}', name)) === 'exited',
    )
    const told = () => functions.flatMap(({ out }) => out)
    await until('a function is told', () => told().length === 1).catch(error => {
      const seen = { told: told(), journal: journal(join(work, 'journal')), said: responder.output.stderr }
      throw new Error(`${error.message}: ${JSON.stringify(seen, null, 1)}`)
    })
    const [asked, answered, ...rest] = journal(join(work, 'journal'))
    expect(asked).toMatchObject({ kind: 'asked', action: 'kill_container', target: { uid: id.slice(0, 12) } })
    expect(answered).toMatchObject({ kind: 'answered', action: 'kill_container', outcome: 'done' })
    expect(rest).toMatchObject([
      { kind: 'asked', action: 'publish' },
      { kind: 'answered', outcome: 'done' },
    ])
    expect(told()).toEqual([`ticket ${asked!.alert.id}: sh -c sleep 1000 in ${name}`])
    const ms = Date.parse(answered!.time) - Date.parse(asked!.alert.time)
    console.info(`from the shell to the end of the container: ${ms} ms`)

    // The same alert again has no effect.
    const connection = await connect({ servers: url })
    const consumer = await jetstream(connection).consumers.get('FALCO')
    let again: JsMsg | null
    do again = await consumer.next()
    while (again && again.json<any>().output_fields['container.name'] !== name)
    // The stream drops duplicates by the header, so the copy has its ID in the alert instead.
    const body = JSON.stringify({ ...again!.json<object>(), id: again!.headers!.get('Nats-Msg-Id') })
    await jetstream(connection).publish(again!.subject, body)
    const held = await until('it is held back', () => {
      const entries = journal(join(work, 'journal')).slice(4)
      return entries.length === 2 && entries
    })
    expect(held).toMatchObject([
      { kind: 'held', action: 'kill_container', guard: 'once' },
      { kind: 'held', action: 'publish', guard: 'once' },
    ])
    const manager = await jetstreamManager(connection)
    await until('all is acknowledged', async () => {
      const { num_ack_pending, num_pending } = await manager.consumers.info('FALCO', 'respond')
      return num_ack_pending + num_pending === 0
    })
    await connection.close()
    expect(told()).toHaveLength(1)
  })
})
