/** The objects that an alert names, as targets. */
import type { AlertData } from '@falc/engine'
import { fieldOf, optionalField, Refusal, type Target } from '../model/action.ts'

/** Container IDs have 12 digits in alerts, and 64 in full. */
const CONTAINER = /^[0-9a-f]{12,64}$/

/** The process of a system call. @throws {Refusal} */
export function processOf(alert: AlertData): Target & { readonly pid: number; readonly started?: string } {
  const text = fieldOf(alert, 'proc.pid')
  const pid = Number(text)
  if (!/^\d+$/.test(text) || pid < 1 || pid > 2 ** 22)
    throw new Refusal(`proc.pid is not a process: ${text.slice(0, 40)}`)
  const started = optionalField(alert, 'proc.pid.ts')
  if (started !== undefined && !/^\d{1,20}$/.test(started))
    throw new Refusal(`proc.pid.ts is not a time in nanoseconds: ${started.slice(0, 40)}`)
  const host = alert.hostname ?? 'this machine'
  // Without its start, a process is the one that had the pid at the alert's time.
  const uid = `${host}/${pid}@${started ?? alert.time}`
  const name = `process ${pid} (${optionalField(alert, 'proc.name') ?? 'unknown'}) on ${host}`
  return { kind: 'process', uid, name, pid, ...(started !== undefined && { started }) }
}

/** @throws {Refusal} */
export function containerOf(alert: AlertData): Target & { readonly id: string } {
  const id = fieldOf(alert, 'container.id')
  if (id === 'host') throw new Refusal('what happened did not happen in a container: container.id is host')
  if (!CONTAINER.test(id)) throw new Refusal(`container.id is not the ID of a container: ${id.slice(0, 80)}`)
  const name = optionalField(alert, 'container.name')
  return { kind: 'container', uid: id.slice(0, 12), name: `container ${name ?? id}`, id }
}

/** The first of pod, container and process that the alert names; else the alert itself. */
export function subjectOf(alert: AlertData): Target {
  const pod = optionalField(alert, 'k8s.pod.uid')
  if (pod !== undefined) {
    const namespace = optionalField(alert, 'k8s.ns.name')
    const name = `pod ${namespace ?? '?'}/${optionalField(alert, 'k8s.pod.name') ?? pod}`
    return { kind: 'pod', uid: pod, name, ...(namespace !== undefined && { namespace }) }
  }
  for (const find of [containerOf, processOf]) {
    try {
      const { kind, uid, name } = find(alert)
      return { kind, uid, name }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }
  return { kind: 'alert', uid: alert.id, name: `alert ${alert.id.slice(0, 8)}` }
}
