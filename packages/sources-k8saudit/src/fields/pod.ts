import type { Rows } from './row.ts'

/** The settings of a pod as a whole, and its volumes. */
export const POD = {
  'ka.req.pod.host_ipc': {
    reader: 'plain',
    pointer: '/requestObject/spec/hostIPC',
    doc: "hostIPC of a pod: it shares the node's IPC namespace",
  },
  'ka.req.pod.host_network': {
    reader: 'plain',
    pointer: '/requestObject/spec/hostNetwork',
    doc: "hostNetwork of a pod: it shares the node's network",
  },
  'ka.req.pod.host_pid': {
    reader: 'plain',
    pointer: '/requestObject/spec/hostPID',
    doc: "hostPID of a pod: it sees the node's processes",
  },
  'ka.req.pod.run_as_user': {
    reader: 'plain',
    pointer: '/requestObject/spec/securityContext/runAsUser',
    doc: 'User id that the containers of a pod run as, unless they say otherwise',
  },
  'ka.req.pod.run_as_group': {
    reader: 'plain',
    pointer: '/requestObject/spec/securityContext/runAsGroup',
    doc: 'Group id that the containers of a pod run as, unless they say otherwise',
  },
  'ka.req.pod.fs_group': {
    reader: 'plain',
    pointer: '/requestObject/spec/securityContext/fsGroup',
    doc: "Group id that owns the pod's volumes",
  },
  'ka.req.pod.supplemental_groups': {
    reader: 'plainList',
    pointer: '/requestObject/spec/securityContext/supplementalGroups',
    list: true,
    doc: 'Further group ids of the containers',
  },
  'ka.req.pod.volumes.hostpath': {
    reader: 'skipNil',
    pointer: '/requestObject/spec/volumes/*/hostPath/path',
    list: true,
    arg: 'index',
    doc: 'Paths of the node that a pod mounts',
  },
  'ka.req.pod.volumes.flexvolume_driver': {
    reader: 'skipNil',
    pointer: '/requestObject/spec/volumes/*/flexVolume/driver',
    list: true,
    arg: 'index',
    doc: 'Flexvolume drivers that a pod uses',
  },
  'ka.req.pod.volumes.volume_type': {
    reader: 'volumeTypes',
    pointer: '/requestObject/spec/volumes/*',
    list: true,
    arg: 'index',
    doc: 'Types of all volumes of a pod',
  },
  'ka.req.volume.hostpath': {
    reader: 'hostpathMatch',
    pointer: '/requestObject/spec/volumes/*/hostPath/path',
    arg: 'key',
    doc: 'Deprecated (ka.req.pod.volumes.hostpath): true if a pod mounts this path of the node; a * at its end stands for any ending',
  },
  'ka.req.container.image': {
    reader: 'firstContainer',
    pointer: '/requestObject/spec/containers/*/image',
    doc: 'Deprecated (ka.req.pod.containers.image): image of the first container',
  },
  'ka.req.container.image.repository': {
    reader: 'firstContainerRepository',
    pointer: '/requestObject/spec/containers/*/image',
    doc: 'Deprecated (ka.req.pod.containers.image.repository): image of the first container without tag and digest',
  },
  'ka.req.container.host_network': {
    reader: 'plain',
    pointer: '/requestObject/spec/hostNetwork',
    doc: 'Deprecated (ka.req.pod.host_network): hostNetwork of a pod',
  },
  'ka.req.container.privileged': {
    reader: 'anyTrue',
    pointer: '/requestObject/spec/containers/*/securityContext/privileged',
    doc: 'Deprecated (ka.req.pod.containers.privileged): true if any container is privileged',
  },
} satisfies Rows
