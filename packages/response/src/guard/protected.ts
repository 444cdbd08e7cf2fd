/** Targets that no playbook may act on, unless the configuration names the row to disable. */
import { type AlertData, compileCondition, type Source } from '@falc/engine'
import { optionalField, type Target } from '../model/action.ts'
import type { Call } from '../model/call.ts'

interface Row {
  readonly name: string
  readonly doc: string
  protects(alert: AlertData, target: Target): boolean
}

const OWN_NAMESPACES = ['falc', 'falco']

/** The complete list. Conditions that are only known when the call is carried out are checked again there. */
export const PROTECTED: readonly Row[] = [
  {
    name: 'kubernetes',
    doc: 'the namespaces `kube-system`, `kube-public` and `kube-node-lease`',
    protects: (alert, { namespace }) =>
      ['kube-system', 'kube-public', 'kube-node-lease'].includes(
        namespace ?? optionalField(alert, 'k8s.ns.name') ?? '',
      ),
  },
  {
    name: 'falc',
    doc: "falc's own namespaces `falc` and `falco`, its containers and its processes",
    protects: (alert, { kind, namespace }) =>
      OWN_NAMESPACES.includes(namespace ?? optionalField(alert, 'k8s.ns.name') ?? '') ||
      (kind === 'container' && /^falc(o?)([-_]|$)/.test(optionalField(alert, 'container.name') ?? '')) ||
      (kind === 'process' &&
        onHost(alert) &&
        isRoot(alert) &&
        /^falco?(-|$)/.test(optionalField(alert, 'proc.name') ?? '')),
  },
  {
    name: 'init',
    doc: 'process 1 and the threads of the kernel',
    protects: (alert, { kind }) => kind === 'process' && /^[12]$/.test(optionalField(alert, 'proc.pid') ?? ''),
  },
  {
    name: 'services',
    doc: 'on the host, root’s `sshd`, `systemd` and its parts, `init`, the container engines and their shims, `kubelet`',
    protects: (alert, { kind }) =>
      kind === 'process' && onHost(alert) && isRoot(alert) && SERVICE.test(optionalField(alert, 'proc.name') ?? ''),
  },
]

/** The helper that sends signals has the same names. */
const SERVICE =
  /^(init|systemd(-.*)?|sshd(-.*)?|dockerd|docker-proxy|containerd(-.*)?|conmon(rs)?|crio|podman|kubelet|runc|crun)$/

const onHost = (alert: AlertData) => (optionalField(alert, 'container.id') ?? 'host') === 'host'

/** Any user can name a process, so only the names of root's processes are trusted. Without `user.uid` it counts as root's. */
const isRoot = (alert: AlertData) => (optionalField(alert, 'user.uid') ?? '0') === '0'

export interface ProtectionOptions {
  /** Rows that are switched off. */
  readonly unprotect?: readonly string[]
  /** Alerts about something that must not be touched either. */
  readonly protect?: readonly string[]
}

export class Protected {
  readonly #rows: readonly Row[]

  /** @throws {ConditionError} @throws {Error} when there is no row of this name */
  constructor({ unprotect = [], protect = [] }: ProtectionOptions, source: Source<AlertData>) {
    const unknown = unprotect.find(name => !PROTECTED.some(row => row.name === name))
    if (unknown !== undefined)
      throw new Error(`nothing called ${unknown} is protected: ${PROTECTED.map(row => row.name).join(', ')}`)
    const own = protect.map((text): Row => {
      const condition = compileCondition(text, source)
      return { name: text, doc: '', protects: alert => condition.test(alert) }
    })
    this.#rows = [...PROTECTED.filter(row => !unprotect.includes(row.name)), ...own]
  }

  /** The reason why a step must not act. Steps that only notify may. */
  holds(alert: AlertData, target: Target, calls: readonly (Call | string)[]): string | undefined {
    if (onlyTells(calls)) return undefined
    const row = this.#rows.find(one => one.protects(alert, target))
    return row && `${target.name} is protected (${row.name})`
  }
}

const TELLS: ReadonlySet<Call['via']> = new Set(['output', 'http', 'nats'])

/** Whether the step only notifies. */
export const onlyTells = (calls: readonly (Call | string)[]): boolean =>
  calls.length > 0 && calls.every(call => typeof call !== 'string' && TELLS.has(call.via))
