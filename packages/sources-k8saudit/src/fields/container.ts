import type { Row, Rows } from './row.ts'

type Kind = 'containers' | 'initContainers' | 'ephemeralContainers'

/** The fields that each of a pod's three lists of containers has; the index argument names one container. */
function containerRows<K extends Kind>(kind: K, what: string) {
  const path = `/requestObject/spec/${kind}/*`
  const context = `${path}/securityContext`
  const pod = '/requestObject/spec/securityContext'
  const row = (reader: Row['reader'], pointer: string, doc: string, other?: string): Row => ({
    reader,
    pointer,
    ...(other !== undefined && { other }),
    list: true,
    arg: 'index',
    doc: `${doc} of the ${what}`,
  })
  return {
    [`ka.req.pod.${kind}.name`]: row('strictStrings', `${path}/name`, 'Names'),
    [`ka.req.pod.${kind}.image`]: row('strictStrings', `${path}/image`, 'Images'),
    [`ka.req.pod.${kind}.image.repository`]: row('repository', `${path}/image`, 'Images, without tag and digest,'),
    [`ka.req.pod.${kind}.command`]: row('argsJoin', `${path}/command`, 'Entry points'),
    [`ka.req.pod.${kind}.args`]: row('argsJoin', `${path}/args`, 'Arguments to the entry points'),
    [`ka.req.pod.${kind}.privileged`]: row('skipNil', `${context}/privileged`, 'privileged settings'),
    [`ka.req.pod.${kind}.allow_privilege_escalation`]: row(
      'skipNil',
      `${context}/allowPrivilegeEscalation`,
      'allowPrivilegeEscalation settings',
    ),
    [`ka.req.pod.${kind}.read_only_fs`]: row(
      'skipNil',
      `${context}/readOnlyRootFilesystem`,
      'readOnlyRootFilesystem settings',
    ),
    [`ka.req.pod.${kind}.run_as_user`]: row('skipNil', `${context}/runAsUser`, 'User ids'),
    [`ka.req.pod.${kind}.eff_run_as_user`]: row(
      'effective',
      `${context}/runAsUser`,
      "User ids, the pod's or 0 where they name none,",
      `${pod}/runAsUser`,
    ),
    [`ka.req.pod.${kind}.run_as_group`]: row('skipNil', `${context}/runAsGroup`, 'Group ids'),
    [`ka.req.pod.${kind}.eff_run_as_group`]: row(
      'effective',
      `${context}/runAsGroup`,
      "Group ids, the pod's or 0 where they name none,",
      `${pod}/runAsGroup`,
    ),
    [`ka.req.pod.${kind}.proc_mount`]: row('skipNil', `${context}/procMount`, 'procMount settings'),
    [`ka.req.pod.${kind}.add_capabilities`]: row('flatten', `${context}/capabilities/add`, 'Added capabilities'),
    ...(kind !== 'ephemeralContainers' && {
      [`ka.req.pod.${kind}.host_port`]: row('hostPorts', `${path}/ports`, 'Ports on the node'),
    }),
  }
}

export const CONTAINERS: Rows = {
  ...containerRows('containers', 'containers'),
  ...containerRows('initContainers', 'init containers'),
  ...containerRows('ephemeralContainers', 'ephemeral containers'),
}
