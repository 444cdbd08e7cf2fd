import type { Rows } from './row.ts'

/** Config maps and services. */
export const OBJECTS = {
  'ka.req.configmap.name': { reader: 'plain', pointer: '/objectRef/name', doc: 'Name of a config map' },
  'ka.req.configmap.obj': { reader: 'plain', pointer: '/requestObject/data', doc: "A config map's data as JSON" },
  'ka.req.service.type': {
    reader: 'plain',
    pointer: '/requestObject/spec/type',
    doc: 'Type of a service: ClusterIP, NodePort …',
  },
  'ka.req.service.ports': {
    reader: 'plainList',
    pointer: '/requestObject/spec/ports',
    list: true,
    arg: 'index',
    doc: 'Ports of a service, each as JSON',
  },
} satisfies Rows
