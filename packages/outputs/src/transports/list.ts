/** Every transport: `type:` of an output is one of these. */
import type { TransportDefinition } from '../model/transport.ts'
import { alertmanager } from './alertmanager.ts'
import { sns, sqs } from './aws-messages.ts'
import { cloudwatch, kinesis } from './aws-streams.ts'
import { googlechat, mattermost, rocketchat, slack } from './chat.ts'
import { cloudevents } from './cloudevents.ts'
import { discord } from './discord.ts'
import { elasticsearch } from './elasticsearch.ts'
import { eventHubs } from './event-hubs.ts'
import { file } from './file.ts'
import { googleLogging, googlePubsub } from './google.ts'
import { grpc } from './grpc.ts'
import { kafka } from './kafka.ts'
import { loki } from './loki.ts'
import { mqtt } from './mqtt.ts'
import { nats } from './nats.ts'
import { opsgenie, pagerduty } from './on-call.ts'
import { otlp } from './otlp.ts'
import { program } from './program.ts'
import { prometheus } from './prometheus.ts'
import { rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import { s3 } from './s3.ts'
import { smtp } from './smtp.ts'
import { splunk } from './splunk.ts'
import { stdout } from './stdout.ts'
import { store } from './store.ts'
import { stream } from './stream.ts'
import { syslog } from './syslog.ts'
import { teams } from './teams.ts'
import { webhook } from './webhook.ts'

export const TRANSPORTS: readonly TransportDefinition<any>[] = [
  ...[stdout, file, program, store, webhook, cloudevents],
  ...[slack, mattermost, rocketchat, googlechat, discord, teams, pagerduty, opsgenie],
  ...[elasticsearch, loki, splunk, otlp, prometheus],
  ...[nats, kafka, redis, rabbitmq, mqtt, eventHubs],
  ...[grpc, stream, alertmanager],
  ...[syslog, smtp, googleLogging, googlePubsub],
  ...[sqs, sns, kinesis, cloudwatch, s3],
]
