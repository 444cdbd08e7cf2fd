/**
 * A fleet of Falcos that switches to falc relay, with Falco's falco.yaml and falcosidekick's example configuration unchanged.
 * Options and environment variables are added as their documentation says. The services refuse what the real ones refuse.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AlertData, parseAlert } from '@falc/engine'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { CHAT_SERVICES } from '../../outputs/test/transports/chat-services.ts'
import { HOOKS } from '../../outputs/test/transports/hooks.ts'
import { LOG_SERVICES } from '../../outputs/test/transports/log-services.ts'
import { folder } from '../../outputs/test/transports/peer.ts'
import {
  any,
  kindOf,
  list,
  map,
  matching,
  object,
  oneOf,
  type ServiceKind,
  serve,
  text,
} from '../../outputs/test/transports/stand-in.ts'
import { SIDEKICK_OUTPUTS } from '../src/relay/sidekick/table.ts'
import { startFalc } from './process.ts'

const shipped = (name: string) => fileURLToPath(new URL(`cases/fleet/${name}`, import.meta.url))

/** A receiver of alerts in Falco's JSON format. */
const hook = kindOf({
  type: 'webhook',
  title: 'Webhook',
  options: url => ({ url: `${url}/hook` }),
  take(request, received) {
    const alert = request.json()
    object({
      ...{ hostname: text(), output: text(), priority: oneOf('Warning'), rule: text(), source: text() },
      ...{ tags: list(text()), time: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/), output_fields: map(any) },
    })(alert)
    received.push({ id: request.headers['idempotency-key'] as string, alert: parseAlert(request.body.toString()) })
    return { status: 200 }
  },
})

/** By section: the service, and falcosidekick's keys for its address and credentials. */
const SERVICES: Readonly<Record<string, { kind: ServiceKind; keys: Readonly<Record<string, string>> }>> = {
  slack: { kind: CHAT_SERVICES.slack, keys: { webhookurl: 'url' } },
  rocketchat: { kind: CHAT_SERVICES.rocketchat, keys: { webhookurl: 'url' } },
  mattermost: { kind: CHAT_SERVICES.mattermost, keys: { webhookurl: 'url' } },
  googlechat: { kind: CHAT_SERVICES.googlechat, keys: { webhookurl: 'url' } },
  teams: { kind: CHAT_SERVICES.teams, keys: { webhookurl: 'url' } },
  discord: { kind: CHAT_SERVICES.discord, keys: { webhookurl: 'url' } },
  elasticsearch: { kind: LOG_SERVICES.elasticsearch, keys: { hostport: 'url', apikey: 'api_key' } },
  loki: { kind: LOG_SERVICES.loki, keys: { hostport: 'url' } },
  splunk: { kind: LOG_SERVICES.splunk, keys: { host: 'url', token: 'token' } },
  'otlp.logs': { kind: LOG_SERVICES.otlp, keys: { endpoint: 'url' } },
  cloudevents: { kind: HOOKS.cloudevents, keys: { address: 'url' } },
  webhook: { kind: hook, keys: { address: 'url' } },
  nodered: { kind: hook, keys: { address: 'url' } },
  n8n: { kind: hook, keys: { address: 'url' } },
  talon: { kind: hook, keys: { address: 'url' } },
  tekton: { kind: hook, keys: { eventlistener: 'url' } },
  sumologic: { kind: hook, keys: { receiverurl: 'url' } },
  'gcp.cloudrun': { kind: hook, keys: { endpoint: 'url' } },
}

/** Sections tested elsewhere: their servers speak other protocols, or falcosidekick has no key for their address. */
const ELSEWHERE = [
  ...['pagerduty', 'opsgenie', 'openfaas', 'gcp.pubsub', 'aws.sqs', 'aws.sns', 'aws.cloudwatchlogs', 'aws.kinesis'],
  ...['aws.s3', 'aws.securitylake', 'yandex.s3', 'yandex.datastreams'],
  ...['nats', 'kafka', 'redis', 'rabbitmq', 'mqtt', 'syslog', 'smtp', 'alertmanager'],
]

test('every falcosidekick output of the relay is tested here or listed as tested elsewhere', () => {
  const tried = [...Object.keys(SERVICES), ...ELSEWHERE]
  expect(tried.sort()).toEqual(SIDEKICK_OUTPUTS.map(({ section }) => section).sort())
})

const RULE = {
  ...{ rule: 'Somebody reads', desc: 'd', condition: 'ka.verb = get', priority: 'WARNING', source: 'k8s_audit' },
  ...{ output: 'A read (user=%ka.user.name)', tags: ['k8s', 'T1552'] },
}

const event = (n: number) => ({
  ...{ kind: 'Event', auditID: `id-${n}`, stage: 'ResponseComplete', verb: 'get', user: { username: `ada-${n}` } },
  stageTimestamp: `2026-05-04T10:20:3${n}.000000Z`,
})

test('with the configurations of Falco and falcosidekick unchanged, every service gets every alert', async () => {
  const dir = folder()
  const services = await Promise.all(
    Object.entries(SERVICES).map(async ([section, { kind, keys }]) => ({ section, keys, peer: await serve(kind) })),
  )
  const env: Record<string, string> = { LISTENADDRESS: '127.0.0.1', LISTENPORT: String(await freePort()) }
  for (const { section, keys, peer } of services)
    for (const [key, option] of Object.entries(keys))
      env[`${section}_${key}`.toUpperCase().replace('.', '_')] = String(peer.options()[option])
  const relay = startFalc(['relay', '-c', shipped('falcosidekick.yaml')], dir, env)
  onTestFinished(async () => {
    relay.child.kill('SIGKILL')
    await relay.exit
  })
  await relay.sees('Accepting alerts at')

  writeFileSync(join(dir, 'rules.yaml'), JSON.stringify([RULE]))
  writeFileSync(join(dir, 'audit.jsonl'), [0, 1, 2].map(n => JSON.stringify(event(n))).join('\n'))
  // Where nothing listens at /dev/log, falc would wait for it before it exits.
  const options = ['json_output=true', 'http_output.enabled=true', `http_output.url=http://127.0.0.1:${env.LISTENPORT}`]
  const quiet = ['syslog_output.enabled=false', 'log_syslog=false']
  const falco = startFalc(
    [
      ...['-c', shipped('falco.yaml'), '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl'],
      ...[...options, ...quiet].flatMap(option => ['-o', option]),
    ],
    dir,
  )
  expect(await falco.exit).toBe(0)
  const sent = falco.output.stdout.trim().split('\n').map(parseAlert)
  expect(sent).toHaveLength(3)
  const ids = sent.map(({ id }) => id).sort()

  for (const { section, peer } of services)
    await eventually(async () => expect((await peer.received()).map(({ id }) => id).sort(), section).toEqual(ids))

  const { peer } = services.find(({ section }) => section === 'webhook')!
  const alerts = (await peer.received()).map(({ alert }) => alert as AlertData)
  const first = alerts.find(({ output_fields }) => output_fields['ka.user.name'] === 'ada-0')!
  // From `customfields` and `outputFieldFormat`.
  expect(first.output_fields).toEqual({ ...sent[0]!.output_fields, Akey: 'AValue', Bkey: 'BValue', Ckey: 'CValue' })
  expect(first.output).toBe('10:20:30.000000000: Warning A read (user=ada-0) Akey=AValue Bkey=BValue Ckey=CValue')
  const chat = services.find(({ section }) => section === 'googlechat')!.peer
  expect(chat.requests[0]!.body.toString()).toContain('Alert : rule *Somebody reads* triggered by user *')
  // The example names a CA file that most machines do not have.
  expect(relay.output.stderr).toContain("only the system's authorities are trusted")
  expect(relay.output.stderr).not.toContain('Error')
})
