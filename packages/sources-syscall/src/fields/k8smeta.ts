import type { SyscallEvent } from '../event.ts'
import type { PodInfo } from '../model/pod.ts'
import { infoText, labelList, labelText } from './container-info.ts'
import { POD_FAMILIES, podInfo } from './pod-info.ts'
import type { Field, Fields } from './table.ts'

type Of = (event: SyscallEvent) => readonly PodInfo[]

/** As the plugin k8smeta has them: labels are lists, and all of services. */
function family(whose: string, what: string, of: Of, many: boolean): Fields {
  const field = (doc: string, text: (one: PodInfo) => string | undefined): Field => {
    const base = { type: 'string', scope: 'thread', doc } as const
    return many
      ? { ...base, list: true, extract: event => filled(of(event).flatMap(one => text(one) ?? [])) }
      : { ...base, extract: event => of(event).map(text)[0] }
  }
  const label = field(`One label of ${what}: \`k8smeta.${whose}.label[app]\`.`, () => undefined)
  return {
    [`k8smeta.${whose}.name`]: field(`Name of ${what}.`, one => infoText(one, 'name')),
    [`k8smeta.${whose}.uid`]: field(`Unique id of ${what}.`, one => infoText(one, 'uid')),
    [`k8smeta.${whose}.label`]: {
      ...label,
      ...{ arg: 'required', argKind: 'key', brackets: true },
      extract: (event: SyscallEvent, name: string) => {
        const values = filled(of(event).flatMap(one => labelText(one, 'labels', name) ?? []))
        return many ? values : values?.[0]
      },
    } as Field,
    [`k8smeta.${whose}.labels`]: {
      ...{ type: 'string', list: true, scope: 'thread', doc: `Labels of ${what}, \`name:value\`.` },
      extract: event => filled(of(event).flatMap(one => labelList(one, 'labels') ?? [])),
    },
  }
}

const filled = (list: readonly string[]) => (list.length === 0 ? undefined : list)

const pod: Of = event => {
  const info = podInfo(event)
  return info === undefined ? [] : [info]
}

const PLUGINS = new Set(['ns', 'deployment', 'svc', 'rs', 'rc'])

/** The fields of Falco's plugin k8smeta. What it asks a collector for, falc asks the API server. */
export const K8SMETA_FIELDS: Fields = {
  ...family('pod', 'the pod', pod, false),
  'k8smeta.pod.ip': {
    type: 'string',
    scope: 'thread',
    doc: 'Address of the pod.',
    extract: event => infoText(podInfo(event), 'ip'),
  },
  ...Object.fromEntries(
    POD_FAMILIES.filter(({ whose }) => PLUGINS.has(whose)).flatMap(({ whose, what, of }) =>
      Object.entries(family(whose, what, of, whose === 'svc')),
    ),
  ),
}
