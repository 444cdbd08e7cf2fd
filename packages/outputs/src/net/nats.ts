import { type AlertData, parseAlert } from '@falc/engine'
import type { Authenticator, Msg, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { outputError } from '../model/output.ts'
import { CONNECT_TIMEOUT, connectError, loadPeer } from './connect.ts'
import type { NatsLogin } from './nats-login.ts'
import { readFile } from './read-file.ts'
import { readTls } from './tls.ts'

const OUTPUT = 'nats output'

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
