/** Plugins of Falco whose work falc does itself: rule files may require these versions. */
export const BUILT_IN_PLUGINS = [
  { name: 'container', version: '0.7.1' },
  { name: 'json', version: '0.7.0' },
  { name: 'k8saudit', version: '0.18.0' },
] as const
