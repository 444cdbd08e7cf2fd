import { PLUGINS } from '@falc/sources-k8saudit'

/** Plugins of Falco whose work falc does itself: rule files may require these versions. */
export const BUILT_IN_PLUGINS = [{ name: 'container', version: '0.7.1' }, ...PLUGINS] as const
