import { createHash } from 'node:crypto'
import { priorityLevel } from '@falc/engine'
import type { SendMailOptions, Transporter } from 'nodemailer'
import type { Answer, Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type Transport,
  type TransportContext,
} from '../model/transport.ts'
import { CONNECT_TIMEOUT, connectError, loadPeer, quoted, timedOut, unlessAborted } from '../net/connect.ts'
import { readTls, TLS_ERRORS, TLS_OPTIONS } from '../net/tls.ts'
import { fieldText, fieldTexts } from '../text/alert-fields.ts'

const OUTPUT = 'smtp output'

const options = {
  url: {
    kind: 'url',
    required: true,
    doc: 'The mail server: `smtp://HOST:587`, which switches to TLS with STARTTLS, or `smtps://HOST:465` for TLS from the start.',
    example: 'smtp://127.0.0.1:587',
  },
  from: { kind: 'text', required: true, doc: 'The sender’s address.', example: 'falc@example.com' },
  to: { kind: 'list', required: true, doc: 'Addresses of the recipients.', example: 'on-call@example.com' },
  subject: {
    kind: 'template',
    default: '[Falco] %alert.priority: %alert.rule',
    doc: 'The subject of a mail with one alert. The subject of a digest states the number of alerts and the highest priority.',
  },
  starttls: {
    kind: 'choice',
    choices: ['required', 'if offered', 'never'],
    default: 'required',
    doc: 'Whether `smtp:` switches to TLS before anything else is sent.',
  },
  username: { kind: 'text', doc: 'User name.' },
  password: { kind: 'secret', doc: 'Password.' },
  auth: {
    kind: 'choice',
    choices: ['auto', 'PLAIN', 'LOGIN', 'CRAM-MD5'],
    default: 'auto',
    doc: 'How to log in. `auto`: what the server offers.',
  },
  ...TLS_OPTIONS,
} as const

/** Sends mails: one for each batch. */
export const smtp = defineTransport({
  type: 'smtp',
  title: 'Mail (SMTP)',
  doc: `One mail for all waiting alerts: a digest, most severe alerts first. The first alert after a quiet period is sent at once; \`collapse\` and
\`rate\` keep the number of mails readable. \`Message-ID\` is derived from the alerts' IDs, so that a mail that is sent again can be
recognised. Temporary failures (4xx) are retried, and a mail that is rejected for its content or size is dropped. If the sender, recipient
or password is rejected, mails stay queued until the configuration is fixed.`,
  options,
  batch: { items: 50, bytes: 256 * 1024 },
  peer: 'nodemailer',
  ordered: 'all',
  async open(values, context) {
    const subject = context.template(values.subject)
    const { createTransport } = await loadPeer('nodemailer', OUTPUT, () =>
      import('nodemailer').then(module => module.default ?? module),
    )
    const { protocol, hostname, port } = new URL(values.url)
    if (protocol !== 'smtp:' && protocol !== 'smtps:')
      throw new OutputError('url', `${OUTPUT}: url must begin with smtp:// or smtps://`, 'misconfigured')
    const { username: user, password: pass, auth, starttls } = values
    const transporter = createTransport({
      pool: true,
      maxConnections: 1,
      maxMessages: Number.POSITIVE_INFINITY,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'smtps:' ? 465 : 587)),
      name: asciiHost(context.hostname),
      secure: protocol === 'smtps:',
      requireTLS: starttls === 'required',
      ignoreTLS: starttls === 'never',
      tls: readTls(values, OUTPUT) as object,
      connectionTimeout: CONNECT_TIMEOUT,
      greetingTimeout: CONNECT_TIMEOUT,
      ...(user !== undefined && { auth: { user, pass: pass ?? '' }, ...(auth !== 'auto' && { authMethod: auth }) }),
      // Files and URLs that mails refer to are never read.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    try {
      await transporter.verify()
    } catch (error) {
      transporter.close()
      throw connectError(error, OUTPUT, failureOfSmtp(error).class === 'misconfigured')
    }
    return new SmtpTransport(transporter, values, context, subject)
  },
})

type Values = OptionsOf<typeof options>

class SmtpTransport implements Transport {
  readonly #transporter: Transporter
  readonly #values: Values
  readonly #context: TransportContext
  readonly #subject: (alert: Item['alert']) => string

  constructor(
    transporter: Transporter,
    values: Values,
    context: TransportContext,
    subject: (alert: Item['alert']) => string,
  ) {
    this.#transporter = transporter
    this.#values = values
    this.#context = context
    this.#subject = subject
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    try {
      const { rejected = [] } = await unlessAborted(this.#transporter.sendMail(this.#mail(items)), signal)
      if (rejected.length > 0)
        this.#context.note(
          `${OUTPUT}: the server refused some recipients: ${rejected.map(address => fieldText(String(address))).join(', ')}`,
        )
      return { delivered: items.length }
    } catch (error) {
      return { delivered: 0, failure: signal.aborted ? timedOut(OUTPUT) : failureOfSmtp(error) }
    }
  }

  async close(): Promise<void> {
    this.#transporter.close()
  }

  #mail(items: readonly Item[]): SendMailOptions {
    const sorted = [...items].sort((a, b) => severity(a) - severity(b))
    const [worst] = sorted as [Item]
    const id =
      items.length === 1
        ? worst.id
        : createHash('sha256')
            .update(items.map(item => item.id).join())
            .digest('hex')
            .slice(0, 32)
    const subject =
      items.length === 1
        ? this.#subject(worst.alert)
        : `[Falco] ${items.length} alerts, the highest is ${worst.alert.priority}`
    return {
      from: this.#values.from,
      to: [...this.#values.to],
      // On one line: a header ends with it.
      subject: fieldText(subject).slice(0, 200).toWellFormed(),
      messageId: `<${id}@${asciiHost(this.#context.hostname)}>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Falco-Alert-ID': worst.id },
      text: sorted.map(asText).join('\n\n'),
      html: `<!doctype html><html><body>${sorted.map(asHtml).join('<hr>')}</body></html>`,
    }
  }
}

const severity = ({ alert }: Item) => priorityLevel(alert.priority)

const asciiHost = (name: string) => name.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 200) || 'localhost'

/** The names and values of an alert in a mail. */
function rows({ id, alert }: Item): (readonly [name: string, value: string])[] {
  const time = new Date(Number(alert.time / 1_000_000n)).toISOString()
  return [
    ['Priority', alert.priority],
    ['Rule', fieldText(alert.rule)],
    ['Time', time],
    ['Host', fieldText(alert.hostname ?? null)],
    ['Tags', fieldText(alert.tags.join(', '))],
    ['ID', id],
    ...fieldTexts(alert).map(([name, value]) => [fieldText(name), value.slice(0, 4096).toWellFormed()] as const),
  ]
}

function asText(item: Item): string {
  return [fieldText(item.text), ...rows(item).map(([name, value]) => `  ${name}: ${value}`)].join('\n')
}

function asHtml(item: Item): string {
  const table = rows(item).map(
    ([name, value]) => `<tr><th align="left">${asMarkup(name)}</th><td>${asMarkup(value)}</td></tr>`,
  )
  return `<p><b>${asMarkup(fieldText(item.text))}</b></p><table>${table.join('')}</table>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const asMarkup = (text: string) => text.replace(/[&<>"']/g, character => ENTITIES[character]!)

/** Commands whose refusal is about the sender, the recipients or the login. */
const SETTINGS: ReadonlySet<string> = new Set(['EENVELOPE', 'EAUTH', 'ENOAUTH', 'EOAUTH2'])

interface SmtpError extends Error {
  readonly code?: string
  /** Node's code, if `code` is the client's. */
  readonly originalCode?: string
  readonly responseCode?: number
}

function failureOfSmtp(error: unknown): Failure {
  const { code = 'error', originalCode, message, responseCode: number } = error as SmtpError
  // Losses are counted under it: a server cannot make up causes.
  const responseCode = number !== undefined && number <= 599 ? number : undefined
  const cause = responseCode === undefined ? code : `smtp_${responseCode}`
  const failure = { cause, message: `${OUTPUT}: ${quoted(message)}` }
  if (code === 'ETLS' || TLS_ERRORS.test(originalCode ?? '')) return { class: 'misconfigured', ...failure }
  if (responseCode === undefined) return { class: 'later', ...failure, reconnect: true }
  if (responseCode < 500) return { class: 'later', ...failure }
  // 552: the mail is too large, whichever command says so.
  return { class: SETTINGS.has(code) && responseCode !== 552 ? 'misconfigured' : 'poison', ...failure }
}
