/** What the command says of the configurations and arguments that the pods of the chart have. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../packages/cli/src/config/config.ts'
import { wrongCommands } from '../docs/falc.ts'
import { type KubeObject, placeOf } from './objects.ts'

/** The problems that falc reports for the configurations and arguments of all workloads, with the folders of their pods. */
export function understood(folder: string, objects: readonly KubeObject[]): string[] {
  return objects.flatMap(object => {
    const pod = object.spec?.template?.spec
    if (!pod) return []
    const root = join(folder, object.metadata.name)
    for (const volume of pod.volumes) write(root, volume, pod, objects)
    return pod.containers
      .filter(({ args }: KubeObject) => args)
      .flatMap(({ args }: KubeObject) => {
        const said = wrongCommands(`falc ${args.join(' ')}`)
        const config = args[args.indexOf('-c') + 1]
        if (args[0] === 'relay') return said
        const parts = join(root, 'etc/falc/config.d')
        const options = existsSync(parts) ? [`config_files=${parts}`] : []
        const { warnings } = loadConfig(join(root, config), options, { FALC_NATS_URL: 'nats://nats:4222' })
        return [...said, ...warnings]
      })
      .map((text: string) => `${placeOf(object)}: ${text}`)
  })
}

/** Writes the files of a volume of ConfigMaps to where containers see them. */
function write(root: string, volume: KubeObject, pod: KubeObject, objects: readonly KubeObject[]): void {
  const sources = volume.projected?.sources ?? [volume]
  const mounts = pod.containers.flatMap(({ volumeMounts }: KubeObject) => volumeMounts)
  const mount = mounts.find(({ name }: KubeObject) => name === volume.name)
  for (const { configMap } of sources) {
    if (!configMap) continue
    const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap.name)
    if (!found && !configMap.optional) throw new Error(`there is no ConfigMap ${configMap.name}`)
    mkdirSync(join(root, mount.mountPath), { recursive: true })
    for (const [name, text] of Object.entries<string>(found?.data ?? {}))
      writeFileSync(join(root, mount.mountPath, name), text)
  }
}
