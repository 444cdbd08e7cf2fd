import type { SyscallEvent } from '../event.ts'
import { FD_ROLES, type Fd, FdKind } from '../model/fd.ts'
import { ofFd } from './fd.ts'
import { fdL4Proto, l4ProtoName } from './formats/fd.ts'
import { type Field, type Fields, LEFT_ONLY } from './table.ts'

/** Falco can compare these fields but cannot print them. */
const notPrinted = () => undefined

const NET_ONLY = { filterOnly: true, ...LEFT_ONLY } as const

function isConnection(fd: Fd): boolean {
  return fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket
}

function isListening(fd: Fd): boolean {
  return fd.type === FdKind.ipv4Server || fd.type === FdKind.ipv6Server
}

/** True if the socket is known to be a client's or a server's; without a role, it is unclear which end is which. */
function hasRole(fd: Fd): boolean {
  return (fd.flags & FD_ROLES) !== 0
}

function clientAddress(fd: Fd): Uint8Array | undefined {
  return isConnection(fd) && hasRole(fd) ? (fd.sip ?? undefined) : undefined
}

function serverAddress(fd: Fd): Uint8Array | undefined {
  return (isConnection(fd) || isListening(fd)) && hasRole(fd) ? (fd.dip ?? undefined) : undefined
}

function clientPort(fd: Fd): number | undefined {
  return isConnection(fd) && hasRole(fd) ? fd.sport : undefined
}

/** The port of a listening socket is known even without a role. */
function serverPort(fd: Fd): number | undefined {
  if (isListening(fd)) return fd.dport
  return isConnection(fd) && hasRole(fd) ? fd.dport : undefined
}

/** Every address of the socket, whatever its role. */
function addresses(fd: Fd): readonly Uint8Array[] | undefined {
  if (isListening(fd)) return fd.dip === null ? undefined : [fd.dip]
  return isConnection(fd) && fd.sip !== null && fd.dip !== null ? [fd.sip, fd.dip] : undefined
}

function ports(fd: Fd): readonly number[] | undefined {
  if (isListening(fd)) return [fd.dport]
  return isConnection(fd) ? [fd.sport, fd.dport] : undefined
}

/** True if this machine is the client of the connection; undefined if it is not a connection with a role. */
function clientIsLocal(event: SyscallEvent): boolean | undefined {
  const { fd } = event
  if (fd === null || !isConnection(fd) || !hasRole(fd) || fd.sip === null) return undefined
  return isLocal(event, fd.sip)
}

function isLocal(event: SyscallEvent, address: Uint8Array): boolean {
  return event.tables?.interfaces.has(address) ?? false
}

/** The local or the remote end of a connection. */
function end<T>(event: SyscallEvent, local: boolean, client: (fd: Fd) => T, server: (fd: Fd) => T): T | undefined {
  const clientLocal = clientIsLocal(event)
  if (clientLocal === undefined) return undefined
  return clientLocal === local ? client(event.fd!) : server(event.fd!)
}

function localEnd(doc: string, local: boolean): Field {
  return {
    type: 'ipaddr',
    doc,
    extract: event => end(event, local, clientAddress, serverAddress),
  }
}

/** The same address, for comparison with networks; Falco prints only a placeholder for it. */
function network(address: Field): Field {
  return {
    ...address,
    type: 'ipnet',
    ...NET_ONLY,
    toJson: event => (address.extract(event) === undefined ? undefined : '<IPNET>'),
  } as Field
}

function localPort(doc: string, local: boolean): Field {
  return { type: 'port', print: 'dec', doc, extract: event => end(event, local, clientPort, serverPort) }
}

function localService(doc: string, local: boolean): Field {
  return {
    type: 'string',
    doc,
    extract: event => end(event, local, clientPort, serverPort)?.toString(),
  }
}

/** Host names are not resolved: a look-up now would say nothing about the time of the event. */
function hostName(doc: string): Field {
  return { type: 'string', ...LEFT_ONLY, doc: `${doc} Absent: names are not looked up.`, extract: () => undefined }
}

/** Sockets: addresses, ports, protocols, roles. */
export const FD_SOCKET_FIELDS: Fields = {
  'fd.ip': {
    type: 'ipaddr',
    anyOf: true,
    ...NET_ONLY,
    scope: 'fd',
    doc: 'Address of either end.',
    extract: event => (event.fd === null ? undefined : addresses(event.fd)),
    toJson: notPrinted,
  },
  'fd.cip': ofFd('ipaddr', 'Address of the client.', clientAddress),
  'fd.sip': ofFd('ipaddr', 'Address of the server.', serverAddress),
  'fd.lip': localEnd('Address of the end on this machine.', true),
  'fd.rip': localEnd('Address of the other end.', false),
  'fd.port': {
    type: 'port',
    anyOf: true,
    ...NET_ONLY,
    print: 'dec',
    scope: 'fd',
    doc: 'Port of either end.',
    extract: event => (event.fd === null ? undefined : ports(event.fd)),
    toJson: notPrinted,
  },
  'fd.cport': ofFd('port', 'Port of the client.', clientPort, 'dec'),
  'fd.sport': ofFd('port', 'Port of the server.', serverPort, 'dec'),
  'fd.lport': localPort('Port of the end on this machine.', true),
  'fd.rport': localPort('Port of the other end.', false),
  'fd.l4proto': ofFd(
    'string',
    'Transport protocol: tcp, udp, icmp, raw; `<NA>` if the descriptor is not a socket, or not connected.',
    fd => l4ProtoName(fdL4Proto(fd)),
  ),
  'fd.sockfamily': ofFd('string', 'ip or unix.', fd => {
    if (isConnection(fd) || isListening(fd)) return 'ip'
    return fd.type === FdKind.unixSocket ? 'unix' : undefined
  }),
  'fd.is_server': {
    type: 'bool',
    doc: 'The socket listens, or its server end is on this machine.',
    extract: event => {
      const { fd } = event
      if (fd === null) return undefined
      if (isListening(fd)) return true
      return isConnection(fd) && fd.dip !== null && isLocal(event, fd.dip)
    },
  },
  'fd.proto': {
    type: 'port',
    anyOf: true,
    ...NET_ONLY,
    scope: 'fd',
    doc: 'Port of either end, or the name of its service.',
    extract: event => (event.fd === null ? undefined : ports(event.fd)),
    toJson: notPrinted,
  },
  'fd.cproto': ofFd('string', 'Port of the client as text.', fd => {
    if (!hasRole(fd)) return undefined
    return clientPort(fd)?.toString() ?? ''
  }),
  'fd.sproto': ofFd('string', 'Port of the server as text.', fd => {
    if (isListening(fd)) return ''
    return serverPort(fd)?.toString()
  }),
  'fd.lproto': localService('Port of the end on this machine as text.', true),
  'fd.rproto': localService('Port of the other end as text.', false),
  'fd.net': {
    type: 'ipnet',
    anyOf: true,
    ...NET_ONLY,
    scope: 'fd',
    doc: 'Network of either end: `fd.net = 10.0.0.0/8`.',
    extract: event => (event.fd === null ? undefined : addresses(event.fd)),
    toJson: notPrinted,
  },
  'fd.cnet': network(ofFd('ipaddr', 'Network of the client.', clientAddress)),
  'fd.snet': network(ofFd('ipaddr', 'Network of the server.', serverAddress)),
  'fd.lnet': network(localEnd('Network of the end on this machine.', true)),
  'fd.rnet': network(localEnd('Network of the other end.', false)),
  'fd.cip.name': hostName('Host name of the client.'),
  'fd.sip.name': hostName('Host name of the server.'),
  'fd.lip.name': hostName('Host name of the end on this machine.'),
  'fd.rip.name': hostName('Host name of the other end.'),
}
