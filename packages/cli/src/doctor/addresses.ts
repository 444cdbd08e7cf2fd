import type { Config } from '../config/config.ts'

/** Default ports, for addresses without one. */
const PORTS: Readonly<Record<string, number>> = {
  ...{ 'http:': 80, 'https:': 443, 'nats:': 4222, 'tls:': 4222, 'redis:': 6379, 'rediss:': 6379, 'amqp:': 5672 },
  ...{ 'amqps:': 5671, 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443, 'tcp:': 0, 'udp:': 0 },
}

/** The addresses to which an output connects. */
export interface Address {
  readonly output: string
  /** Without a path, which may be a secret. */
  readonly shown: string
  readonly host: string
  readonly port: number
}

/** The servers that the listed outputs name by address. Others are found by `falc outputs test`. */
export function addressesOf({ outputs }: Config): Address[] {
  return outputs
    .filter(({ enabled }) => enabled)
    .flatMap(({ name, options }) =>
      Object.values(options)
        .flat()
        .flatMap(value => {
          if (typeof value !== 'string' || !URL.canParse(value)) return []
          const { protocol, hostname, port } = new URL(value)
          const usual = PORTS[protocol]
          const number = Number(port || (usual ?? 0))
          const host = hostname.replace(/^\[|\]$/g, '')
          if (usual === undefined || number === 0 || host === '' || protocol === 'udp:') return []
          return [{ output: name, shown: `${protocol}//${hostname}:${number}`, host, port: number }]
        }),
    )
}
