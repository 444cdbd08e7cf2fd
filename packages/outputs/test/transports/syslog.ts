import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../../scripts/testing/port.ts'
import { accepts, type Certificates, Daemon, missing, type Peer, type PeerKind } from './peer.ts'

export const missingRsyslog = missing('rsyslogd')

/** A message as rsyslog parsed it. */
export interface SyslogMessage {
  readonly pri: string
  readonly time: string
  readonly host: string
  readonly app: string
  readonly msgid: string
  readonly sd: string
  readonly msg: string
}

const PROPERTIES = {
  pri: 'pri-text',
  time: 'timereported',
  host: 'hostname',
  app: 'app-name',
  msgid: 'msgid',
  sd: 'structured-data',
  msg: 'msg',
}

/** rsyslogd on UDP, TCP, TLS if it has certificates, and a local socket; it writes the messages that it parses as JSON. */
export async function rsyslog(pem?: Certificates) {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const format = Object.entries(PROPERTIES)
    .map(
      ([key, name]) =>
        `property(outname="${key}" name="${name}" format="jsonf"${key === 'time' ? ' dateFormat="rfc3339"' : ''})`,
    )
    .join(' constant(value=", ") ')
  const daemon: Daemon = new Daemon('rsyslogd', {
    args: folder => {
      const secure = `module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
        input(type="imtcp" address="127.0.0.1" port="${tlsPort}")`
      const config = `
        global(workDirectory="${folder}" ${pem ? `DefaultNetstreamDriverCAFile="${pem.ca}" DefaultNetstreamDriverCertFile="${pem.cert}" DefaultNetstreamDriverKeyFile="${pem.key}"` : ''})
        module(load="imudp") input(type="imudp" address="127.0.0.1" port="${port}")
        module(load="imptcp") input(type="imptcp" address="127.0.0.1" port="${port}")
        module(load="imuxsock" SysSock.Use="off") input(type="imuxsock" Socket="${folder}/socket" UseSpecialParser="off" ParseHostname="on")
        ${pem ? secure : ''}
        template(name="json" type="list") { constant(value="{") ${format} constant(value="}\\n") }
        action(type="omfile" file="${folder}/messages" template="json" flushOnTXEnd="on")
      `
      writeFileSync(join(folder, 'rsyslog.conf'), config)
      return ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')]
    },
    ready: async () =>
      existsSync(join(daemon.folder, 'socket')) && (await accepts(port)) && (!pem || (await accepts(tlsPort))),
  })
  await daemon.up()
  const file = join(daemon.folder, 'messages')
  return {
    daemon,
    port,
    tlsPort,
    socket: join(daemon.folder, 'socket'),
    messages: (): SyslogMessage[] =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map(line => JSON.parse(line))
        : [],
  }
}

const kind = (title: string, url: (port: number) => string): PeerKind => ({
  type: 'syslog',
  title,
  missing: missingRsyslog,
  cannot: {
    down: 'Syslog acknowledges nothing: messages on their way are lost when the receiver stops.',
    hang: 'The operating system accepts messages for a receiver that hangs.',
    login: 'Syslog has no login.',
  },
  async start(): Promise<Peer> {
    const { daemon, port, messages } = await rsyslog()
    return {
      options: () => ({ url: url(port), max_size: 65_507 }),
      received: async () =>
        messages().map(({ sd, msg }) => ({ id: /id="([0-9a-f]*)"/.exec(sd)?.[1] ?? '', alert: JSON.parse(msg) })),
      down: () => daemon.down(),
      up: () => daemon.up(),
      hang: () => daemon.hang(),
      stop: () => daemon.stop(),
    }
  },
})

export const syslogTcp = kind('syslog over TCP', port => `tcp://127.0.0.1:${port}`)
export const syslogUdp = kind('syslog over UDP', port => `udp://127.0.0.1:${port}`)
