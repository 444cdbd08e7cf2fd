import type { SyscallEvent } from '../event.ts'
import { MAX_ANCESTORS, type Thread } from '../model/thread.ts'
import { containerInfo, labelText } from './container-info.ts'
import { environmentValue, parentOf } from './process.ts'
import type { Field, Fields } from './table.ts'

/** Where an orchestrator names what a container belongs to. */
interface Places {
  /** A label of the container. */
  readonly label?: string
  /** Variables of the environment, the first one that is set. */
  readonly env?: readonly string[]
}

/**
 * The container's label, or a variable of the environment that the container was created with. If the engine does not report that
 * environment, the variable is taken from the outermost process of the container: a process can change its own environment, but not that of
 * its ancestors.
 */
function placed(event: SyscallEvent, { label, env = [] }: Places): string | undefined {
  const { thread } = event
  if (thread === null || thread.container.isHost) return undefined
  const info = containerInfo(event)
  const value = label === undefined ? undefined : labelText(info, 'labels', label)
  if (value) return value
  const given = Array.isArray(info?.env) ? (info.env as readonly unknown[]) : []
  for (const name of env) {
    const variable = given.find(entry => typeof entry === 'string' && entry.startsWith(`${name}=`)) as
      | string
      | undefined
    const text = variable?.slice(name.length + 1) || variableOf(thread, name)
    if (text) return text
  }
  return undefined
}

/** Of the outermost process of the thread's container in which the variable is set. */
function variableOf(thread: Thread, name: string): string {
  let value = ''
  let process: Thread | null = thread.leader
  for (let i = 0; process !== null && process.container === thread.container && i < MAX_ANCESTORS; i++) {
    value = environmentValue(process, name) || value
    process = parentOf(process)
  }
  return value
}

function field(doc: string, places: Places, of: (text: string) => string | undefined = text => text): Field {
  return {
    type: 'string',
    scope: 'thread',
    doc,
    extract: event => {
      const text = placed(event, places)
      return text === undefined ? undefined : of(text)
    },
  }
}

const docker = (doc: string, name: string) => field(doc, { label: `com.docker.${name}` })

const nomad = (doc: string, name: string, label?: string) =>
  field(doc, { env: [`NOMAD_${name}`], ...(label && { label: `com.hashicorp.nomad.${label}` }) })

const APP: Places = { env: ['MARATHON_APP_ID'] }
const TASK: Places = { env: ['MESOS_TASK_ID', 'mesos_task_id', 'MESOS_EXECUTOR_ID'] }

/** The parts of an app's path: `/shop/web` is the app `web` in the group `/shop`. */
const parts = (path: string) => path.split('/').filter(part => part !== '')

const groupOf = (path: string) => `/${parts(path).slice(0, -1).join('/')}`

const labels = (whose: string): Fields => ({
  [`${whose}.label`]: {
    type: 'string',
    arg: 'required',
    argKind: 'key',
    brackets: true,
    scope: 'thread',
    doc: `One label of the Marathon app: \`${whose}.label[team]\`. Marathon writes names in capitals, and other characters than letters and digits as \`_\`: so may you.`,
    parseArg: (name: string): Places => ({
      env: [`MARATHON_APP_LABEL_${name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`],
    }),
    extract: (event: SyscallEvent, places: Places) => placed(event, places),
  } as Field,
  [`${whose}.labels`]: {
    type: 'string',
    scope: 'thread',
    doc: 'Labels of the Marathon app, `name:value` separated by commas.',
    extract: event =>
      placed(event, { env: ['MARATHON_APP_LABELS'] })
        ?.split(' ')
        .filter(name => name !== '')
        .sort()
        .map(name => `${name}:${placed(event, { env: [`MARATHON_APP_LABEL_${name}`] }) ?? ''}`)
        .join(', '),
  },
})

/** What orchestrators other than Kubernetes say about a container, in its labels and its environment. */
export const ORCHESTRATOR_FIELDS: Fields = {
  'swarm.service.name': docker('Service of Docker Swarm that the container belongs to.', 'swarm.service.name'),
  'swarm.service.id': docker('Id of the service of Docker Swarm.', 'swarm.service.id'),
  'swarm.task.name': docker('Task of Docker Swarm that the container runs.', 'swarm.task.name'),
  'swarm.task.id': docker('Id of the task of Docker Swarm.', 'swarm.task.id'),
  'swarm.node.id': docker('Id of the node of Docker Swarm.', 'swarm.node.id'),
  'swarm.stack': docker('Stack that the service of Docker Swarm belongs to.', 'stack.namespace'),
  'compose.project': docker('Project of Docker Compose.', 'compose.project'),
  'compose.service': docker('Service of Docker Compose.', 'compose.service'),
  'mesos.task.id': field('Id of the Mesos task.', TASK),
  'mesos.task.name': field(
    'Name of the Mesos task, if Marathon has started it: the path of the app from its end, with dots.',
    APP,
    path => parts(path).reverse().join('.'),
  ),
  ...labels('mesos.task'),
  'mesos.framework.id': field('Id of the Mesos framework.', { env: ['MESOS_FRAMEWORK_ID'] }),
  'marathon.app.id': field('Id of the Marathon app, its path: `/shop/web`.', APP),
  'marathon.app.name': field('Name of the Marathon app, the end of its path.', APP, path => parts(path).at(-1)),
  ...labels('marathon.app'),
  'marathon.group.id': field('Id of the group of the Marathon app, its path: `/shop`.', APP, groupOf),
  'marathon.group.name': field('Name of the group of the Marathon app, the end of its path.', APP, path =>
    parts(groupOf(path)).at(-1),
  ),
  'nomad.alloc.id': nomad('Id of the Nomad allocation.', 'ALLOC_ID', 'alloc_id'),
  'nomad.alloc.name': nomad('Name of the Nomad allocation: `job.group[index]`.', 'ALLOC_NAME'),
  'nomad.job.id': nomad('Id of the Nomad job.', 'JOB_ID', 'job_id'),
  'nomad.job.name': nomad('Name of the Nomad job.', 'JOB_NAME', 'job_name'),
  'nomad.group.name': nomad('Task group of the Nomad job.', 'GROUP_NAME', 'task_group_name'),
  'nomad.task.name': nomad('Name of the Nomad task.', 'TASK_NAME', 'task_name'),
  'nomad.namespace': nomad('Namespace of the Nomad job.', 'NAMESPACE', 'namespace'),
  'nomad.dc': nomad('Datacenter of the Nomad client.', 'DC'),
  'nomad.region': nomad('Region of the Nomad cluster.', 'REGION'),
}
