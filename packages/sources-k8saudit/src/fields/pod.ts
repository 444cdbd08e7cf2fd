import type { Rows } from './row.ts'

/** What a pod asks for as a whole, and its volumes. */
export const POD = {
  'ka.req.pod.host_ipc': {
    rule: 'plain',
    pointer: '/requestObject/spec/hostIPC',
    doc: "hostIPC of a pod: it shares the node's IPC namespace",
  },
  'ka.req.pod.host_network': {
    rule: 'plain',
    pointer: '/requestObject/spec/hostNetwork',
    doc: "hostNetwork of a pod: it shares the node's network",
  },
  'ka.req.pod.host_pid': {
    rule: 'plain',
    pointer: '/requestObject/spec/hostPID',
    doc: "hostPID of a pod: it sees the node's processes",
  },
  'ka.req.pod.run_as_user': {
    rule: 'plain',
    pointer: '/requestObject/spec/securityContext/runAsUser',
    doc: 'User id that the containers of a pod run as, unless they say otherwise',
  },
  'ka.req.pod.run_as_group': {
    rule: 'plain',
    pointer: '/requestObject/spec/securityContext/runAsGroup',
    doc: 'Group id that the containers of a pod run as, unless they say otherwise',
  },
  'ka.req.pod.fs_group': {
    rule: 'plain',
    pointer: '/requestObject/spec/securityContext/fsGroup',
    doc: "Group id that owns the pod's volumes",
  },
  'ka.req.pod.supplemental_groups': {
    rule: 'plainList',
    pointer: '/requestObject/spec/securityContext/supplementalGroups',
    list: true,
    doc: 'Further group ids of the containers',
  },
  'ka.req.pod.volumes.hostpath': {
    rule: 'skipNil',
    pointer: '/requestObject/spec/volumes/*/hostPath/path',
    list: true,
    arg: 'index',
    doc: 'Paths of the node that a pod mounts',
  },
  'ka.req.pod.volumes.flexvolume_driver': {
    rule: 'skipNil',
    pointer: '/requestObject/spec/volumes/*/flexVolume/driver',
    list: true,
    arg: 'index',
    doc: 'Flexvolume drivers that a pod uses',
  },
  'ka.req.pod.volumes.volume_type': {
    rule: 'volumeTypes',
    pointer: '/requestObject/spec/volumes/*',
    list: true,
    arg: 'index',
    doc: 'Types of all volumes of a pod',
  },
  'ka.req.volume.hostpath': {
    rule: 'hostpathMatch',
    pointer: '/requestObject/spec/volumes/*/hostPath/path',
    arg: 'key',
    doc: 'Deprecated (ka.req.pod.volumes.hostpath): true if a pod mounts this path of the node; a * at its end stands for any ending',
  },
  'ka.req.container.image': {
    rule: 'firstContainer',
    pointer: '/requestObject/spec/containers/*/image',
    doc: 'Deprecated (ka.req.pod.containers.image): image of the first container',
  },
  'ka.req.container.image.repository': {
    rule: 'firstContainerRepository',
    pointer: '/requestObject/spec/containers/*/image',
    doc: 'Deprecated (ka.req.pod.containers.image.repository): image of the first container without tag and digest',
  },
  'ka.req.container.host_network': {
    rule: 'plain',
    pointer: '/requestObject/spec/hostNetwork',
    doc: 'Deprecated (ka.req.pod.host_network): hostNetwork of a pod',
  },
  'ka.req.container.privileged': {
    rule: 'anyTrue',
    pointer: '/requestObject/spec/containers/*/securityContext/privileged',
    doc: 'Deprecated (ka.req.pod.containers.privileged): true if any container is privileged',
  },
} satisfies Rows
