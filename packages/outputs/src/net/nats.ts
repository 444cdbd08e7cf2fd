import { setTimeout as sleep } from 'node:timers/promises'
import { type AlertData, parseAlert } from '@falc/engine'
import type { Authenticator, Msg, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { outputError } from '../model/output.ts'
import { CONNECT_TIMEOUT, connectError, loadPeer } from './connect.ts'
import type { NatsLogin } from './nats-login.ts'
import { readFile } from './read-file.ts'
import { Receiver } from './receiver.ts'
import { readTls } from './tls.ts'

const OUTPUT = 'nats output'

/** Milliseconds that the server has to take what was sent before the end. */
const CLOSE_TIMEOUT = 5000

type Nats = typeof import('@nats-io/transport-node')

/** Names of the client's errors that only another setting can cure. */
export const MISCONFIGURED: ReadonlySet<string> = new Set([
  'AuthorizationError',
  'UserAuthenticationExpiredError',
  'PermissionViolationError',
  'StreamNotFoundError',
  'InvalidNameError',
])

/** @param name of the client, as the server shows it @param more options of the client @throws {OutputError} */
export async function connectNats(
  values: NatsLogin,
  name: string,
  more: NodeConnectionOptions = { reconnect: false },
): Promise<{ nats: Nats; connection: NatsConnection }> {
  const nats = await loadPeer('@nats-io/transport-node', OUTPUT, () => import('@nats-io/transport-node'))
  const connection = await nats.connect({ ...connectOptions(values, name, nats), ...more }).catch(error => {
    throw connectError(error, OUTPUT, MISCONFIGURED.has(error.name))
  })
  return { nats, connection }
}

/**
 * Connects for as long as the program runs: a connection that is lost is made again. So is one whose server sends without end, or what
 * the client cannot read: it then reads nothing any longer, and only pings without an answer tell.
 * @throws {OutputError}
 */
export async function stayConnected(
  values: NatsLogin,
  name: string,
  more: NodeConnectionOptions = {},
): Promise<NatsConnection> {
  let messages = () => 0
  const server = new Receiver(() => messages())
  const { connection } = await server.call(() =>
    // A server that refuses the user twice is not asked again otherwise: it may have been restored meanwhile.
    connectNats(values, name, { maxReconnectAttempts: -1, ignoreAuthErrorAbort: true, pingInterval: 10_000, ...more }),
  )
  messages = () => connection.stats().inMsgs
  return connection
}

/** Closes a connection once what was sent is on its way. Does not wait for a server that says nothing. */
export async function leaveNats(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return
  const timer = new AbortController()
  const drained = connection.drain().catch(() => {})
  await Promise.race([drained, sleep(CLOSE_TIMEOUT, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
  await connection.close()
}

/** The alert of a message. Falc's output has its ID in a header, since Falco's JSON has none. @throws {NotAnAlert} */
export function alertOf(message: Pick<Msg, 'string' | 'headers'>): AlertData {
  const alert = parseAlert(message.string())
  const id = message.headers?.get('Nats-Msg-Id') ?? ''
  return /^[0-9a-f]{32}$/.test(id) ? { ...alert, id } : alert
}

function connectOptions(values: NatsLogin, name: string, nats: Nats): NodeConnectionOptions {
  const { ca, cert, key, rejectUnauthorized } = readTls(values, OUTPUT)
  const secure =
    ca !== undefined ||
    cert !== undefined ||
    values.tls_insecure === true ||
    values.url.some(url => url.startsWith('tls:'))
  const authenticator = authenticatorOf(values, nats)
  const pem = { ...(ca && { ca: `${ca}` }), ...(cert && { cert: `${cert}` }), ...(key && { key: `${key}` }) }
  return {
    servers: [...values.url],
    name: `falc ${name}`,
    timeout: CONNECT_TIMEOUT,
    ...(authenticator && { authenticator }),
    ...(secure && { tls: { ...pem, rejectUnauthorized } }),
  }
}

function authenticatorOf(values: NatsLogin, nats: Nats): Authenticator | undefined {
  if (values.creds !== undefined)
    try {
      return nats.credsAuthenticator(readFile(values.creds))
    } catch (error) {
      throw outputError(error, `${OUTPUT}: creds`, 'misconfigured')
    }
  if (values.nkey !== undefined) return nats.nkeyAuthenticator(Buffer.from(values.nkey))
  if (values.token !== undefined) return nats.tokenAuthenticator(values.token)
  if (values.username !== undefined) return nats.usernamePasswordAuthenticator(values.username, values.password)
  return undefined
}
