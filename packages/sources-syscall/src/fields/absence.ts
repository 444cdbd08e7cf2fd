/** Why metadata of a container or pod is absent. Alerts are counted by these texts, so they name no particular one. */
import type { SyscallEvent } from '../event.ts'
import type { ContainerAbsence } from '../model/container.ts'
import type { PodAbsence } from '../model/pod.ts'
import type { Fields } from './table.ts'

const OF_CONTAINER: Readonly<Record<ContainerAbsence, string>> = {
  '': 'the container has none',
  'not-asked': 'no container engine was asked, or the recording does not have it',
  expired: 'no container engine has answered in time',
  'no-socket': 'no container engine for it has a socket here',
  refused: 'the container engine refuses to answer',
  'not-found': 'no container engine knows the container',
  timeout: 'the container engine does not answer',
  'bad-answer': "the container engine's answer is unreadable",
  'queue-full': 'too many containers were looked up',
}

const OF_POD: Readonly<Record<PodAbsence, string>> = {
  '': 'the pod has none',
  'not-asked': 'no API server was asked, or the recording does not have it',
  'not-synced': 'the API server has not listed the pods yet',
  unknown: 'the API server does not know the pod',
}

const NO_PROCESS = 'the process is not known'
const NO_CONTAINER = 'not in a container'
const NO_POD = 'not in a pod'

/** Of what an engine says. */
export function containerAbsence({ thread }: SyscallEvent): string {
  if (thread === null) return NO_PROCESS
  const { container } = thread
  return container.isHost ? NO_CONTAINER : OF_CONTAINER[container.absence]
}

/** Of what an API server says. */
export function podAbsence({ thread }: SyscallEvent): string {
  if (thread === null) return NO_PROCESS
  const { container } = thread
  if (container.isHost) return NO_CONTAINER
  return container.pod === null ? NO_POD : OF_POD[container.pod.absence]
}

/** Of what either may say. */
function eitherAbsence(event: SyscallEvent): string {
  const { pod = null } = event.thread?.container ?? {}
  const asked = pod !== null && pod.absence !== 'not-asked' && pod.absence !== ''
  return asked ? podAbsence(event) : containerAbsence(event)
}

/** Fields that can tell why they are absent. */
export function explained(fields: Fields, absence: (event: SyscallEvent) => string): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, def]) => [name, { ...def, absence }]))
}

export const explainedByEither = (fields: Fields): Fields => explained(fields, eitherAbsence)
