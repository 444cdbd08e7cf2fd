/** Every transport: `type:` of an output is one of these. */
import type { TransportDefinition } from '../transport.ts'
import { googlechat, mattermost, rocketchat, slack } from './chat.ts'
import { cloudevents } from './cloudevents.ts'
import { discord } from './discord.ts'
import { file } from './file.ts'
import { nats } from './nats.ts'
import { opsgenie, pagerduty } from './on-call.ts'
import { program } from './program.ts'
import { rabbitmq } from './rabbitmq.ts'
import { redis } from './redis.ts'
import { stdout } from './stdout.ts'
import { teams } from './teams.ts'
import { webhook } from './webhook.ts'

export const TRANSPORTS: readonly TransportDefinition<any>[] = [
  ...[stdout, file, program, webhook, cloudevents],
  ...[slack, mattermost, rocketchat, googlechat, discord, teams, pagerduty, opsgenie],
  ...[nats, redis, rabbitmq],
]
