/** What runc is given of a container. https://github.com/opencontainers/runtime-spec/blob/main/config.md */
import { Answer, type DescribedMount } from './description.ts'

/** A namespace that is not asked for is the host's; of one that is another's, it is not known. */
export function sharedNamespaces(spec: Answer) {
  const namespaces = spec.list('linux', 'namespaces').map(entry => new Answer(entry))
  const shared = (type: string, key: string) => {
    const own = namespaces.find(namespace => namespace.text('type') === type)
    return own === undefined || own.text('path') === '' ? { [key]: own === undefined } : {}
  }
  return { ...shared('pid', 'host_pid'), ...shared('network', 'host_network'), ...shared('ipc', 'host_ipc') }
}

/** Nobody writes it down; as engines make privileged containers, nothing of /proc is masked. */
export function looksPrivileged(spec: Answer): boolean {
  const capabilities = spec.texts('process', 'capabilities', 'bounding')
  return capabilities.includes('CAP_SYS_ADMIN') && spec.list('linux', 'maskedPaths').length === 0
}

/** What is the host's, without the container's own /proc, /sys, /dev. */
export function boundMounts(spec: Answer): DescribedMount[] {
  return spec
    .list('mounts')
    .map(entry => new Answer(entry))
    .filter(mount => mount.text('type') === 'bind')
    .map(mount => {
      const options = mount.texts('options')
      return {
        Source: mount.text('source'),
        Destination: mount.text('destination'),
        Mode: '',
        RW: !options.includes('ro'),
        Propagation: options.find(option => /^r?(private|shared|slave)$/.test(option)) ?? '',
      }
    })
}
