/** Notifies an output, a webhook, a NATS subject or a program. */
import { alertJson } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { type Action, defineAction } from '../model/action.ts'
import { subjectOf } from './subject.ts'

const DURATION = { type: 'string', format: 'duration' } as const

export const notify: Action = defineAction({
  name: 'notify',
  doc: 'Sends the alert to a configured output.',
  example: '{ output: on-call, template: "isolated %k8s.pod.name: %alert.output" }',
  params: {
    type: 'object',
    properties: {
      output: { type: 'string', description: 'The name of an output of falco.yaml.' },
      template: { type: 'string', format: 'template', description: "The text to send. Default: the output's own." },
    },
    required: ['output'],
  },
  target: subjectOf,
  plan: ({ params: { output, template } }) => [
    {
      via: 'output',
      output,
      ...(template !== undefined && { text: template }),
      says: `tell ${output}${template === undefined ? '' : `: ${template}`}`,
    },
  ],
})

export const webhook: Action = defineAction({
  name: 'webhook',
  doc: "POSTs the alert as JSON. The address is fixed: no part of it can come from an alert. `Idempotency-Key` is the alert's ID.",
  example: '{ url: "https://functions.example/kill" }',
  params: {
    type: 'object',
    properties: {
      url: { type: 'string', pattern: '^https?://', description: 'The address.' },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        default: {},
        description: 'Headers, such as `Authorization`.',
      },
    },
    required: ['url'],
  },
  target: subjectOf,
  plan: ({ alert, params: { url, headers } }) => [
    {
      ...{ via: 'http', url, body: alertJson(alert, { id: true }) },
      headers: { 'content-type': 'application/json', ...headers, 'idempotency-key': alert.id },
      says: `POST to ${new URL(url).host}`,
    },
  ],
})

export const publish: Action = defineAction({
  name: 'publish',
  doc: 'Publishes the alert on NATS, for functions in any language that subscribe to the subject. It fails if neither a subscription nor a stream receives it.',
  example: '{ subject: FUNCTIONS.quarantine }',
  params: {
    type: 'object',
    properties: {
      subject: {
        type: 'string',
        pattern: '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$',
        description: 'The subject. It is fixed: no part of it can come from an alert.',
      },
    },
    required: ['subject'],
  },
  target: subjectOf,
  plan: ({ alert, params: { subject } }) => [
    { via: 'nats', subject, body: alertJson(alert, { id: true }), says: `publish on ${subject}` },
  ],
})

export const program: Action = defineAction({
  name: 'program',
  doc: 'Runs a program with the alert as JSON on its standard input. Each field of the alert is a whole argument or environment variable: no shell reads it. A value that begins with `-` may still be taken for an option; put `--` before it, or use the environment.',
  example: '{ command: [/usr/local/bin/block, "%fd.rip"], timeout: 10s }',
  params: {
    type: 'object',
    properties: {
      command: {
        type: 'array',
        ...{ minItems: 1, maxItems: 64, items: { type: 'string', format: 'value' } },
        description: 'The program, with its path, and its arguments.',
      },
      env: {
        type: 'object',
        additionalProperties: { type: 'string', format: 'value' },
        default: {},
        description: 'Environment variables, in addition to PATH.',
      },
      timeout: { ...DURATION, default: '30s', description: 'How long it may run before it is killed.' },
    },
    required: ['command'],
  },
  target: subjectOf,
  plan: ({ params: { command, env, timeout } }) => [
    { via: 'program', argv: command, env, timeout: durationOf(timeout), says: `run ${command.join(' ')}` },
  ],
})

const durationOf = (text: string) => parseDuration(text) ?? 0
