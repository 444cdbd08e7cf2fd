/** Every transport that speaks HTTP, with the service that it is tested with. */

import type { TransportDefinition } from '../../src/model/transport.ts'
import { sns, sqs } from '../../src/transports/aws-messages.ts'
import { cloudwatch, kinesis } from '../../src/transports/aws-streams.ts'
import { googlechat, mattermost, rocketchat, slack } from '../../src/transports/chat.ts'
import { cloudevents } from '../../src/transports/cloudevents.ts'
import { discord } from '../../src/transports/discord.ts'
import { elasticsearch } from '../../src/transports/elasticsearch.ts'
import { eventHubs } from '../../src/transports/event-hubs.ts'
import { googleLogging, googlePubsub } from '../../src/transports/google.ts'
import { loki } from '../../src/transports/loki.ts'
import { opsgenie, pagerduty } from '../../src/transports/on-call.ts'
import { otlp } from '../../src/transports/otlp.ts'
import { s3 } from '../../src/transports/s3.ts'
import { splunk } from '../../src/transports/splunk.ts'
import { teams } from '../../src/transports/teams.ts'
import { webhook } from '../../src/transports/webhook.ts'
import { AWS_SERVICES, SECRET } from './aws-services.ts'
import { CHAT_SERVICES, ROUTING_KEY } from './chat-services.ts'
import { CLOUD_SERVICES, SAS_KEY, TOKEN } from './cloud-services.ts'
import { HOOKS, SIGNING_KEY } from './hooks.ts'
import { API_KEY, HEC_TOKEN, LOG_SERVICES } from './log-services.ts'
import type { ServiceKind } from './stand-in.ts'

export interface TestedService {
  readonly kind: ServiceKind
  readonly transport: TransportDefinition<any>
  /** Texts that no message may contain. */
  readonly secrets: readonly string[]
}

const { slack: slackService, mattermost: mattermostService, ...chat } = CHAT_SERVICES

export const SERVICES: readonly TestedService[] = [
  { kind: HOOKS.webhook, transport: webhook, secrets: [SIGNING_KEY.toString('base64')] },
  { kind: HOOKS.cloudevents, transport: cloudevents, secrets: [] },
  { kind: HOOKS.cloudeventsBatch, transport: cloudevents, secrets: [] },
  { kind: slackService, transport: slack, secrets: ['webhooksecret'] },
  { kind: mattermostService, transport: mattermost, secrets: ['webhooksecret'] },
  { kind: chat.rocketchat, transport: rocketchat, secrets: ['webhooksecret'] },
  { kind: chat.googlechat, transport: googlechat, secrets: ['webhooksecret'] },
  { kind: chat.discord, transport: discord, secrets: ['webhooksecret'] },
  { kind: chat.teams, transport: teams, secrets: ['webhooksecret'] },
  { kind: chat.pagerduty, transport: pagerduty, secrets: [ROUTING_KEY] },
  { kind: chat.opsgenie, transport: opsgenie, secrets: ['eb243592-faa2-4ba2'] },
  { kind: LOG_SERVICES.elasticsearch, transport: elasticsearch, secrets: [API_KEY] },
  { kind: LOG_SERVICES.loki, transport: loki, secrets: [] },
  { kind: LOG_SERVICES.splunk, transport: splunk, secrets: [HEC_TOKEN] },
  { kind: LOG_SERVICES.splunkAck, transport: splunk, secrets: [HEC_TOKEN] },
  { kind: LOG_SERVICES.otlp, transport: otlp, secrets: ['hunter22'] },
  { kind: CLOUD_SERVICES.googleLogging, transport: googleLogging, secrets: [TOKEN] },
  { kind: CLOUD_SERVICES.googlePubsub, transport: googlePubsub, secrets: [TOKEN] },
  { kind: CLOUD_SERVICES.eventHubs, transport: eventHubs, secrets: [SAS_KEY] },
  { kind: AWS_SERVICES.sqs, transport: sqs, secrets: [SECRET] },
  { kind: AWS_SERVICES.sqsFifo, transport: sqs, secrets: [SECRET] },
  { kind: AWS_SERVICES.sns, transport: sns, secrets: [SECRET] },
  { kind: AWS_SERVICES.kinesis, transport: kinesis, secrets: [SECRET] },
  { kind: AWS_SERVICES.cloudwatch, transport: cloudwatch, secrets: [SECRET] },
  { kind: AWS_SERVICES.s3, transport: s3, secrets: [SECRET] },
]
