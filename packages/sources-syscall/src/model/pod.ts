/** The API server's description of a pod, as the JSON of pod events. */
export type PodInfo = Readonly<Record<string, unknown>>

/** The name of events that tell of pods. Falco's plugins look at other names. */
export const POD_EVENT = 'k8s_pod'

/** Why a pod's metadata is absent; '' = it is not. */
export type PodAbsence = '' | 'not-asked' | 'not-synced' | 'unknown'

/** A pod of Kubernetes, as control groups name it. */
export class Pod {
  readonly uid: string
  info: PodInfo | null = null
  /** Live: it is being waited for, so evaluations that need it can wait. */
  pending = false
  /** Live: a field needed what had not arrived yet. */
  missed = false
  absence: PodAbsence = 'not-asked'

  constructor(uid: string) {
    this.uid = uid
  }
}

/** The kubelet's control groups: `kubepods/burstable/podUID/…`; systemd's names cannot have `-` in them. */
const POD = /\/(?:kubepods[a-z-]*[-/])?pod([0-9A-Fa-f_-]{32,36})(?:\.slice)?(?:\/|$)/

/** The UID of the pod that a control group is of. */
export function podOf(path: string): string | undefined {
  return path.includes('kubepods') ? POD.exec(path)?.[1]?.replaceAll('_', '-') : undefined
}
