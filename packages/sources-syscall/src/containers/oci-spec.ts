/** The OCI runtime specification of a container, as passed to runc. https://github.com/opencontainers/runtime-spec/blob/main/config.md */
import { Answer, type DescribedMount } from './description.ts'

/** A namespace that is not listed is the host's. If one is joined by path, it is unknown whether it is the host's. */
export function sharedNamespaces(spec: Answer) {
  const namespaces = spec.list('linux', 'namespaces').map(entry => new Answer(entry))
  const shared = (type: string, key: string) => {
    const own = namespaces.find(namespace => namespace.text('type') === type)
    return own === undefined || own.text('path') === '' ? { [key]: own === undefined } : {}
  }
  return { ...shared('pid', 'host_pid'), ...shared('network', 'host_network'), ...shared('ipc', 'host_ipc') }
}

/** The specification has no such flag, but engines mask nothing in /proc for privileged containers. */
export function looksPrivileged(spec: Answer): boolean {
  const capabilities = spec.texts('process', 'capabilities', 'bounding')
  return capabilities.includes('CAP_SYS_ADMIN') && spec.list('linux', 'maskedPaths').length === 0
}

/** The mounts from the host, without the container's own /proc, /sys, /dev. */
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
