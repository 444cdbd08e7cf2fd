import { containerAbsence, explained, explainedByEither, podAbsence } from './absence.ts'
import { ANCESTOR_FIELDS } from './ancestors.ts'
import { CONTAINER_FIELDS } from './container.ts'
import { COUNT_FIELDS } from './counts.ts'
import { EVT_FIELDS } from './evt.ts'
import { EVT_ARGS_FIELDS } from './evt-args.ts'
import { EVT_TIME_FIELDS } from './evt-time.ts'
import { FD_FIELDS } from './fd.ts'
import { FD_SOCKET_FIELDS } from './fd-socket.ts'
import { FDLIST_FIELDS } from './fdlist.ts'
import { FS_PATH_FIELDS } from './fs-path.ts'
import { GROUP_FIELDS } from './group.ts'
import { K8S_FAMILY_FIELDS, K8S_FIELDS } from './k8s.ts'
import { K8SMETA_FIELDS } from './k8smeta.ts'
import { OPEN_FIELDS } from './open.ts'
import { ORCHESTRATOR_FIELDS } from './orchestrators.ts'
import { PROCESS_FIELDS } from './process.ts'
import { PROCESSOR_TIME_FIELDS } from './processor-time.ts'
import { REMOVED_FIELDS } from './removed.ts'
import { SYSLOG_FIELDS } from './syslog.ts'
import type { Fields } from './table.ts'
import { THREAD_FIELDS } from './thread.ts'
import { USER_FIELDS } from './user.ts'

/** All fields of the syscall source; fields common to all sources come with the engine. */
export const SYSCALL_FIELDS: Fields = {
  ...EVT_FIELDS,
  ...EVT_TIME_FIELDS,
  ...EVT_ARGS_FIELDS,
  ...OPEN_FIELDS,
  ...COUNT_FIELDS,
  ...PROCESS_FIELDS,
  ...ANCESTOR_FIELDS,
  ...THREAD_FIELDS,
  ...PROCESSOR_TIME_FIELDS,
  ...FD_FIELDS,
  ...FD_SOCKET_FIELDS,
  ...FS_PATH_FIELDS,
  ...FDLIST_FIELDS,
  ...USER_FIELDS,
  ...GROUP_FIELDS,
  ...explained(CONTAINER_FIELDS, containerAbsence),
  ...explainedByEither(K8S_FIELDS),
  ...explained(K8S_FAMILY_FIELDS, podAbsence),
  ...explained(K8SMETA_FIELDS, podAbsence),
  ...explained(ORCHESTRATOR_FIELDS, containerAbsence),
  ...SYSLOG_FIELDS,
  ...REMOVED_FIELDS,
}

/** Fields that only an API server of Kubernetes can fill. */
export const NEEDS_API_SERVER: ReadonlySet<string> = new Set([
  ...Object.keys(K8S_FAMILY_FIELDS),
  ...Object.keys(K8SMETA_FIELDS),
])
